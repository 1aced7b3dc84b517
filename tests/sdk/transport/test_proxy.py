import pytest
from hypothesis import given, strategies as st

from graphchat.errors import StateError
from graphchat.transport.proxy import ProxyAddress, circuit

CIRCUIT = bytes(range(32))
APART = f"{CIRCUIT[:16].hex()}:{CIRCUIT[16:].hex()}"


@pytest.mark.parametrize(
    ("text", "shown", "url"),
    [
        (
            "socks5h://127.0.0.1:9050",
            "socks5h://127.0.0.1:9050",
            f"socks5://{APART}@127.0.0.1:9050",
        ),
        ("socks5://Tor:9050/", "socks5h://tor:9050", f"socks5://{APART}@tor:9050"),
        ("socks5h://[::1]:9050", "socks5h://[::1]:9050", f"socks5://{APART}@[::1]:9050"),
        ("socks5h://me:p%40ss@tor:1", "socks5h://me@tor:1", "socks5://me:p%40ss@tor:1"),
        ("socks4://tor:1080", "socks4://tor:1080", "socks4://tor:1080"),
        ("http://proxy:3128", "http://proxy:3128", "http://proxy:3128"),
        ("http://me:secret@proxy:3128", "http://me@proxy:3128", "http://me:secret@proxy:3128"),
    ],
)
def test_a_proxy_is_shown_without_its_password(text: str, shown: str, url: str) -> None:
    proxy = ProxyAddress.parse(text)
    assert str(proxy) == shown
    assert proxy.url(CIRCUIT) == url
    assert "secret" not in repr(proxy)


@pytest.mark.parametrize(
    "text",
    [
        *("", "tor", "127.0.0.1:9050", "https://proxy:443", "socks5h://tor", "socks5h://:1"),
        *("socks5h://tor:99999", "socks5h://tor:x", "socks5h://tor:1/path", "http://a:1?b"),
        *("socks5h://[::1:9050", "socks5h://" + "x" * 600 + ":1"),
    ],
)
def test_what_is_no_proxy_is_refused(text: str) -> None:
    with pytest.raises(StateError, match="A proxy is written as socks5h://host:port"):
        ProxyAddress.parse(text)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**62), st.integers(0, 2**62))
def test_profiles_have_circuits_of_their_own_that_tell_nothing(
    seed: bytes, one: int, other: int
) -> None:
    assert circuit(seed, one) == circuit(seed, one)
    assert (circuit(seed, one) == circuit(seed, other)) == (one == other)
    assert circuit(bytes(32), one) != circuit(seed, one) or seed == bytes(32)
