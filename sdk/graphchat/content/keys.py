"""What programs say of their proof keys: which one comes next, on the word of the one before."""

from typing import Annotated

from msgspec import Meta, Struct

from graphchat.content import rules

KEY = 32
SIGNATURE = 64


class KeyNext(Struct, tag_field="type", tag="key.next", frozen=True):
    """From the next frame of this stream on, its author signs with another proof key.

    Raises `ContentError` if a part has another length.
    """

    key: bytes
    """32 bytes: Ed25519."""
    signature: bytes
    """64 bytes, by the key that counted until now: docs/protocol.md, section 18."""

    def __post_init__(self) -> None:
        rules.size("next proof key", self.key, KEY, KEY)
        rules.size("signature of the next proof key", self.signature, SIGNATURE, SIGNATURE)


class Turn(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A proof key, and the frame of a stream from which on it signs."""

    stream: Annotated[bytes, Meta(min_length=8, max_length=8)]
    from_seq: Annotated[int, Meta(ge=2, le=rules.MAX_INTEGER)]
    key: Annotated[bytes, Meta(min_length=KEY, max_length=KEY)]
    signature: Annotated[bytes, Meta(min_length=SIGNATURE, max_length=SIGNATURE)]
