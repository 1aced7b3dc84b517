"""Posts: what members say, each signed by its author and linked to the one before.

docs/protocol.md, section 21.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Final, Self

import msgspec
from msgspec import Meta, Struct

from graphchat.core.groups.actions import KEY, SIGNATURE
from graphchat.core.groups.entry import GROUP_ID, HASH, MAX_PREV
from graphchat.crypto.keys import SigningKey, verify
from graphchat.errors import LocalProtocolError, RemoteProtocolError

MAX_PAYLOAD: Final = 765_000
"""So that a post with its signature fits into one message."""
MESSAGE_ID: Final = 16

Hash = Annotated[bytes, Meta(min_length=HASH, max_length=HASH)]


class Post(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The fields that travel, in their order on the wire."""

    group: Annotated[bytes, Meta(min_length=GROUP_ID, max_length=GROUP_ID)]
    author: Annotated[bytes, Meta(min_length=KEY, max_length=KEY)]
    seq: Annotated[int, Meta(ge=1, le=2**53)]
    prev: Hash
    """The hash of the author's post before, or `first_hash`."""
    heads: Annotated[tuple[Hash, ...], Meta(max_length=MAX_PREV)]
    """Hashes of the entries of the log that the author saw last."""
    ts_ms: Annotated[int, Meta(ge=0, le=2**53)]
    id: Annotated[bytes, Meta(min_length=MESSAGE_ID, max_length=MESSAGE_ID)]
    payload: Annotated[bytes, Meta(max_length=MAX_PAYLOAD)]


@dataclass(frozen=True, slots=True)
class SignedPost:
    """A post as it travelled, and what is in it."""

    post: Post
    data: bytes
    signature: bytes
    hash: bytes

    def pack(self) -> bytes:
        return self.signature + self.data

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """Read a post without checking its signature. Raises `RemoteProtocolError`."""
        signature, data = packed[:SIGNATURE], packed[SIGNATURE:]
        try:
            post = _decoder.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise RemoteProtocolError("a post is malformed or breaks a limit") from None
        if _encoder.encode(post) != data:
            raise RemoteProtocolError("a post is not in its canonical form")
        return cls(post, data, signature, sha256(data).digest())

    @property
    def genuine(self) -> bool:
        """Whether the author signed it."""
        return verify(self.post.author, b"gc/1 post" + self.hash, self.signature)


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Post)


def sign(key: SigningKey, post: Post) -> SignedPost:
    """Sign a post of ours."""
    if len(post.payload) > MAX_PAYLOAD:
        raise LocalProtocolError(f"a post has more than {MAX_PAYLOAD:,} bytes")
    data = _encoder.encode(post)
    digest = sha256(data).digest()
    return SignedPost(post, data, key.sign(b"gc/1 post" + digest), digest)


def first_hash(group: bytes, author: bytes) -> bytes:
    """Return what the first post of an author names as the one before."""
    return sha256(b"gc/1 posts" + group + author).digest()
