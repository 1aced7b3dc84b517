"""Posts as bytes."""

import msgspec
import pytest
from hypothesis import given, strategies as st
from tests.sdk.core.groups.founding import key_of

from graphchat.core.groups import post as posts
from graphchat.core.groups.post import Post, SignedPost, first_hash
from graphchat.errors import LocalProtocolError, RemoteProtocolError

GROUP = bytes(16)


def written(seq: int = 1, prev: bytes = b"", payload: bytes = b"hello") -> SignedPost:
    key = key_of("a")
    prev = prev or first_hash(GROUP, key.public)
    return posts.sign(key, Post(GROUP, key.public, seq, prev, (), 5, bytes(16), payload))


def test_a_post_survives_the_way() -> None:
    signed = written()
    assert SignedPost.unpack(signed.pack()) == signed
    assert signed.genuine


def test_a_changed_post_is_not_genuine() -> None:
    packed = bytearray(written().pack())
    packed[-1] ^= 1
    assert not SignedPost.unpack(bytes(packed)).genuine


def test_a_post_of_another_author_is_not_genuine() -> None:
    signed = written()
    other = msgspec.structs.replace(signed.post, author=key_of("b").public)
    forged = SignedPost.unpack(signed.signature + msgspec.msgpack.encode(other))
    assert not forged.genuine


def test_what_is_too_long_is_neither_written_nor_read() -> None:
    with pytest.raises(LocalProtocolError):
        written(payload=bytes(posts.MAX_PAYLOAD + 1))
    longest = written(payload=bytes(posts.MAX_PAYLOAD))
    assert SignedPost.unpack(longest.pack()) == longest


@pytest.mark.parametrize("data", [b"", b"\x90", b"\xc1", bytes(200)])
def test_rubbish_is_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        SignedPost.unpack(bytes(64) + data)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        signed = SignedPost.unpack(data)
    except RemoteProtocolError:
        return
    assert SignedPost.unpack(signed.pack()) == signed
