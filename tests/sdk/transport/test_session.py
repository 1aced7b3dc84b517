import pytest
from hypothesis import given, strategies as st
from tests.sdk.transport.scripted import ADDRESS, KEY, NONCE

from graphchat.crypto.keys import verify
from graphchat.errors import RelayError, RelayIdentityError, RelayUnreachableError
from graphchat.transport.session import Session, opened
from graphchat.wire.frames import encode_binary, encode_text
from graphchat.wire.signing import socket_bytes
from graphchat.wire.socket import Ready, ServerObject, Session as Greeting
from graphchat.wire.uri import RelayAddress, fingerprint

RELAY = RelayAddress(ADDRESS.base, fingerprint(KEY.public))


def test_the_first_frame_opens_the_session() -> None:
    session = opened(RELAY, encode_text([Greeting(NONCE, KEY.public)]))
    assert session == Session(RELAY, NONCE)
    assert NONCE not in repr(session)


def test_an_auth_binds_relay_session_queue_and_kind() -> None:
    session = Session(RELAY, NONCE)
    auth = session.auth(KEY, "https://a/q/x", "attach")
    good = (RELAY.fingerprint, NONCE, "https://a/q/x", "attach")
    assert verify(KEY.public, socket_bytes(*good), auth)
    assert not verify(KEY.public, socket_bytes(*good[:3], "subscribe"), auth)
    assert not verify(KEY.public, socket_bytes(ADDRESS.fingerprint, *good[1:]), auth)


def test_another_relay_is_refused() -> None:
    with pytest.raises(RelayIdentityError):
        opened(ADDRESS, encode_text([Greeting(NONCE, KEY.public)]))


@pytest.mark.parametrize("nonce", ["", "a" * 7, "a" * 129, "with space.", "new\nline_", "é" * 10])
def test_a_nonce_that_could_change_what_is_signed_is_refused(nonce: str) -> None:
    with pytest.raises(RelayUnreachableError):
        opened(RELAY, encode_text([Greeting(nonce, KEY.public)]))


def test_anything_else_as_the_first_frame_is_refused() -> None:
    greeting = Greeting(NONCE, KEY.public)
    wrong: list[list[ServerObject]] = [
        [Ready("x")],
        [greeting, greeting],
        [greeting, Ready("x")],
    ]
    for objects in wrong:
        with pytest.raises(RelayUnreachableError):
            opened(RELAY, encode_text(objects))
        with pytest.raises(RelayUnreachableError):
            opened(RELAY, encode_binary(objects))


@given(st.text() | st.binary())
def test_no_first_frame_crashes(frame: str | bytes) -> None:
    with pytest.raises(RelayError):
        opened(RELAY, frame)
