import pytest
from hypothesis import given, strategies as st

from graphchat.errors import CodeError, RemoteProtocolError
from graphchat.ids import Fingerprint, QueueId
from graphchat.secret import Secret
from graphchat.wire.base64url import to_text
from graphchat.wire.uri import RelayAddress, base_of, fingerprint, is_loopback, queue_id

FP = Fingerprint(bytes(range(16)))
NAME = to_text(FP)


@pytest.mark.parametrize(
    ("text", "base", "token"),
    [
        ("https://relay.example/q", "https://relay.example/q", None),
        ("https://relay.example", "https://relay.example/q", None),
        ("https://Relay.Example:443/q/", "https://relay.example/q", None),
        ("https://relay.example:8443/q/t0-k_n", "https://relay.example:8443/q", b"t0-k_n"),
        ("https://relay.example/chat/q/tok", "https://relay.example/chat/q", b"tok"),
        ("https://relay.example/chat", "https://relay.example/chat", None),
        ("http://127.0.0.1:80/q", "http://127.0.0.1/q", None),
        ("http://localhost:8000/q/q", "http://localhost:8000/q", b"q"),
        ("http://[::1]:8000/q", "http://[::1]:8000/q", None),
        (f"https://{'a' * 63}.example/q", f"https://{'a' * 63}.example/q", None),
    ],
)
def test_an_address_is_read_in_its_one_spelling(text: str, base: str, token: bytes | None) -> None:
    address = RelayAddress.parse(f"  {text}#{NAME}\n")
    assert address == RelayAddress(base, FP, None if token is None else Secret(token))
    assert RelayAddress.parse(address.text) == address
    assert address.create_uri == base + ("" if token is None else f"/{token.decode()}")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("https://relay.example/q", "no fingerprint"),
        ("https://relay.example/q#short", "22 characters"),
        (f"https://relay.example/q#{NAME[:-1]}B", "22 characters"),
        (f"http://relay.example/q#{NAME}", "Plain http"),
        (f"http://10.0.0.1/q#{NAME}", "Plain http"),
        (f"relay.example/q#{NAME}", "starts with https://"),
        (f"ftp://relay.example/q#{NAME}", "starts with https://"),
        (f"https:///q#{NAME}", "host name"),
        (f"https://me:pw@relay.example/q#{NAME}", "name or password"),
        (f"https://relay.example:99999/q#{NAME}", "cannot be read"),
        (f"https://relay..example/q#{NAME}", "host name"),
        (f"https://.example/q#{NAME}", "host name"),
        (f"https://{'a' * 64}.example/q#{NAME}", "host name"),
        (f"https://{'a.' * 127}b/q#{NAME}", "host name"),
        (f"https://[::1/q#{NAME}", "cannot be read"),
        (f"https://relay.example/q?x#{NAME}", "no ?"),
        (f"https://relay.example/q/a b#{NAME}", "printable ASCII"),
        (f"https://relay.exämple/q#{NAME}", "printable ASCII"),
        (f"https://relay.example/../q#{NAME}", "no relay uses"),
        (f"https://relay.example//q#{NAME}", "no relay uses"),
        (f"https://relay.example/q/t%20#{NAME}", "no relay uses"),
        (f"https://relay.example/q/t~#{NAME}", "token"),
        (f"https://relay.example/{'x' * 250}#{NAME}", "255"),
        (f"https://relay.example/{'x' * 550}#{NAME}", "512"),
    ],
)
def test_a_damaged_address_is_explained(text: str, part: str) -> None:
    with pytest.raises(CodeError, match=part.replace("?", r"\?")):
        RelayAddress.parse(text)


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    for tried in (text, f"https://{text}#{NAME}", f"https://relay.example/{text}#{NAME}"):
        try:
            address = RelayAddress.parse(tried)
        except CodeError:
            continue
        assert RelayAddress.parse(address.text) == address


@given(st.binary(min_size=18, max_size=18))
def test_the_id_of_a_queue_comes_back_from_its_uri(data: bytes) -> None:
    address = RelayAddress.parse(f"https://relay.example/q/token#{NAME}")
    uri = address.queue_uri(QueueId(data))
    assert uri.startswith("https://relay.example/q/")
    assert queue_id(uri) == data
    assert base_of(uri) == address.base


@pytest.mark.parametrize("uri", ["", "https://r.example/q/short", f"https://r/q/{'é' * 24}"])
def test_what_is_no_queue_has_no_id(uri: str) -> None:
    with pytest.raises(RemoteProtocolError):
        queue_id(uri)
    with pytest.raises(RemoteProtocolError):
        base_of(uri)


def test_the_socket_needs_no_token() -> None:
    assert RelayAddress.parse(f"https://r.example/q/t#{NAME}").socket_uri == "wss://r.example/q"
    assert RelayAddress.parse(f"http://[::1]/q#{NAME}").socket_uri == "ws://[::1]/q"


def test_the_token_is_not_shown() -> None:
    assert "hunter2" not in repr(RelayAddress.parse(f"https://r.example/q/hunter2#{NAME}"))


def test_a_fingerprint_is_half_of_the_hash_of_the_key() -> None:
    # SHA-256 of 32 zero bytes begins with these 16 bytes.
    assert fingerprint(bytes(32)).hex() == "66687aadf862bd776c8fc18b8e9f8e20"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_loopback_hosts_are_known(host: str) -> None:
    assert is_loopback(host)
    assert not is_loopback(f"{host}.example")


def test_the_line_that_a_relay_prints_is_its_address() -> None:
    address = RelayAddress.parse(f"relay ready https://relay.example/q#{NAME}\n")
    assert address.text == f"https://relay.example/q#{NAME}"
