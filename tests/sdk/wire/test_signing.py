import pytest
from hypothesis import given, strategies as st

from graphchat.clock import SystemClock
from graphchat.errors import RemoteProtocolError
from graphchat.ids import Fingerprint
from graphchat.wire.signing import Authorization, new_nonce, request_bytes, socket_bytes

FP = Fingerprint(bytes(16))


def test_a_request_signs_these_lines() -> None:
    data = request_bytes("POST", FP, "/q/abc/messages?x=1", 1_700_000_000, "n" * 22, b"")
    assert data.decode().split("\n") == [
        "graph-chat/1",
        "POST",
        "A" * 22,
        "/q/abc/messages?x=1",
        "1700000000",
        "n" * 22,
        # SHA-256 of nothing
        "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
    ]


def test_a_socket_object_signs_these_lines() -> None:
    data = socket_bytes(FP, "nonce", "https://relay.example/q/abc", "subscribe")
    expected = f"graph-chat/1 ws\n{'A' * 22}\nnonce\nhttps://relay.example/q/abc\nsubscribe"
    assert data == expected.encode()


@given(st.integers(0, 10**12 - 1), st.binary(min_size=64, max_size=64))
def test_the_header_comes_back(ts: int, signature: bytes) -> None:
    found = Authorization(ts, new_nonce(SystemClock()), signature)
    assert Authorization.parse(found.header) == found


NONCE, SIG = "A" * 22, "A" * 86


@pytest.mark.parametrize(
    "header",
    [
        "",
        "GraphChat",
        f"Bearer ts=1,nonce={NONCE},sig={SIG}",
        f"GraphChat ts=-1,nonce={NONCE},sig={SIG}",
        f"GraphChat ts=\u0661,nonce={NONCE},sig={SIG}",
        f"GraphChat ts=1, nonce={NONCE}, sig={SIG}",
        f"GraphChat nonce={NONCE},ts=1,sig={SIG}",
        f"GraphChat ts=1,nonce={NONCE[:-1]}B,sig={SIG}",
        f"GraphChat ts=1,nonce={NONCE},sig={SIG[:-1]}B",
        f"GraphChat ts=1,nonce={NONCE},sig={SIG}\n",
    ],
)
def test_a_malformed_header_is_refused(header: str) -> None:
    with pytest.raises(RemoteProtocolError):
        Authorization.parse(header)
