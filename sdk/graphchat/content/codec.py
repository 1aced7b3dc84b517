"""The one way in which messages become bytes and bytes become messages.

A message is one MessagePack map with its ``type``. What this version does not know is
kept as it came, so that a newer version can show it later.
"""

from typing import Final, get_args

from msgspec import MsgspecError, Struct
from msgspec.msgpack import Decoder, Encoder

from graphchat.content.about import About
from graphchat.content.amending import Amending
from graphchat.content.asking import Asked, Choices, Poll
from graphchat.content.control import Control
from graphchat.content.devices import ForDevices
from graphchat.content.files import File, Filed
from graphchat.content.forms import Filled, Form
from graphchat.content.group import ForGroups
from graphchat.content.introduction import Introduction
from graphchat.content.keys import KeyNext
from graphchat.content.lanes import Lanes
from graphchat.content.offrecord import OffRecord
from graphchat.content.spoken import Said
from graphchat.errors import ContentError, RemoteProtocolError

# An XXL envelope (786,432 bytes) less header, seals, signature and the rest of the frame.
MAX_MESSAGE: Final = 780_000
MAX_TYPE: Final = 64


class Unknown(Struct, frozen=True):
    """A message of a type that this version does not know."""

    type: str
    """At most 64 printable ASCII characters."""
    raw: bytes
    """The whole message as it came."""


Spoken = Said | Asked | Filled | Filed
"""Every message that is a line of a conversation."""
Repliable = Said | Choices | Poll | Form | File
"""Every message that can say which one it answers: `reply_to` and `quote`."""
ForPrograms = Control | About | Lanes | KeyNext | ForGroups | OffRecord | ForDevices | Introduction
"""Every message that people do not see as something that was said."""
_Known = Spoken | Amending | ForPrograms
Message = _Known | Unknown


class _Head(Struct):
    type: str


_ENCODER: Final = Encoder()
_HEAD: Final = Decoder(_Head)
_KNOWN: Final[Decoder[_Known]] = Decoder(_Known)
_TYPES: Final = frozenset(str(kind.__struct_config__.tag) for kind in get_args(_Known))


def encode(message: Message) -> bytes:
    """Return the bytes of ``message``; those of an `Unknown` are the ones it came with."""
    return message.raw if isinstance(message, Unknown) else _ENCODER.encode(message)


def decode(data: bytes) -> Message:
    """Return the message that ``data`` holds.

    Raises `RemoteProtocolError` if it is no message, or one that breaks a limit.
    """
    if len(data) > MAX_MESSAGE:
        raise RemoteProtocolError("a message is larger than any envelope")
    try:
        kind = _HEAD.decode(data).type
        if kind in _TYPES:
            return _KNOWN.decode(data)
    # Deep nesting ends in a RecursionError, text that is not UTF-8 in a UnicodeDecodeError.
    # The causes are cut off: their texts quote what the other side wrote.
    except (MsgspecError, UnicodeDecodeError, RecursionError, ContentError):
        raise RemoteProtocolError("a message is malformed or breaks a limit") from None
    if not (len(kind) <= MAX_TYPE and kind.isascii() and kind.isprintable() and kind):
        raise RemoteProtocolError("the type of a message is no short ASCII name")
    return Unknown(kind, data)
