"""The bodies of REST requests and answers (docs/protocol.md, section 4)."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Final, TypeVar

import msgspec

from graphchat.wire.codec import decoded
from graphchat.wire.limits import KEY, PAGE

Key = Annotated[bytes, msgspec.Meta(min_length=KEY, max_length=KEY)]

OK: Final = b'"OK"'
UNAUTHORIZED: Final = b'"Unauthorized"'
QUOTA: Final = b'"Quota"'


class CreateQueue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """``POST <create>``: the key with which its recipient will sign."""

    recipient: Key


class CreatedQueue(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    gc=False,
    rename={"recipient_uri": "recipientURI", "sender_uri": "senderURI"},
):
    """The answer, 201: the two addresses of the new queue."""

    recipient_uri: str
    sender_uri: str


class SecureQueue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """``PUT <RU>``: the key with which its one sender will sign."""

    sender: Key


class SendMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """``POST <SU>/messages``: an envelope, whose length is a size class."""

    msg: bytes


class Message(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False
):
    """A stored envelope."""

    id: str
    ts: int
    """When the relay got it, in seconds since 1970-01-01 UTC."""
    size: int
    """The length of the envelope, in bytes."""
    msg: bytes = b""
    """Missing where it is too long for a list; it is fetched by its id then."""


class MessageList(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"next_message_id": "nextMessageID"},
):
    """``GET <RU>/messages``: the oldest messages of a queue."""

    messages: Annotated[list[Message], msgspec.Meta(max_length=PAGE)]
    next_message_id: str = ""
    """Where the next page starts; missing on the last one."""


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The body of an answer 400, 429 or 503: what is wrong."""

    error: str
    """Of a 400: RFC 6901 pointer to the first bad property, or the name of a header."""
    reason: str = ""


Body = CreateQueue | CreatedQueue | SecureQueue | SendMessage | Message | MessageList | Refusal
B = TypeVar("B", bound=Body)

_ENCODER: Final = msgspec.json.Encoder()


def encode(body: Body) -> bytes:
    return _ENCODER.encode(body)


def decode(kind: type[B], data: bytes) -> B:
    """Read the body ``kind`` from JSON. Raises `InvalidObjectError`."""
    read: Callable[[bytes], B] = partial(msgspec.json.decode, type=kind)
    return decoded(read, data)
