"""How socket objects become frames, and frames objects (docs/protocol.md, section 5).

A text frame is JSON, with bytes in base64; a binary frame is MessagePack of the same objects.
A frame holds one object, or an array of them: a batch.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Final

import msgspec

from graphchat.wire.codec import InvalidObjectError, decoded
from graphchat.wire.limits import BATCH, FRAME
from graphchat.wire.socket import ClientObject, Id, Invalid, ServerObject


class _Named(msgspec.Struct, frozen=True, gc=False):
    """As much of an invalid object as its answer needs."""

    id: Id


_ENCODE_TEXT: Final = msgspec.json.Encoder()
_ENCODE: Final = msgspec.msgpack.Encoder()
_CLIENT_TEXT: Final = msgspec.json.Decoder(list[ClientObject] | ClientObject)
_CLIENT: Final = msgspec.msgpack.Decoder(list[ClientObject] | ClientObject)
_SERVER_TEXT: Final = msgspec.json.Decoder(list[ServerObject] | ServerObject)
_SERVER: Final = msgspec.msgpack.Decoder(list[ServerObject] | ServerObject)
_ONE_TEXT: Final = msgspec.json.Decoder(ClientObject)
_ONE: Final = msgspec.msgpack.Decoder(ClientObject)
_NAME_TEXT: Final = msgspec.json.Decoder(_Named)
_NAME: Final = msgspec.msgpack.Decoder(_Named)
_RAW: Final = Annotated[list[msgspec.Raw], msgspec.Meta(max_length=BATCH)]
_ALL_TEXT: Final = msgspec.json.Decoder(_RAW)
_ALL: Final = msgspec.msgpack.Decoder(_RAW)

# A batch of valid objects has at most four commas in each. More would be taken apart at length
# only to be refused: 4 MiB of "[1,1,1..." became 130 MB of objects.
_COMMAS: Final = 8 * BATCH


def encode_text(objects: Sequence[ClientObject | ServerObject]) -> str:
    """Return the text frame with these objects."""
    return _ENCODE_TEXT.encode(objects[0] if len(objects) == 1 else objects).decode()


def encode_binary(objects: Sequence[ClientObject | ServerObject]) -> bytes:
    """Return the binary frame with these objects."""
    return _ENCODE.encode(objects[0] if len(objects) == 1 else objects)


def decode_server(frame: str | bytes) -> list[ServerObject]:
    """Read what a relay sent. Raises `InvalidObjectError`: such a relay is left."""
    if isinstance(frame, str):
        found = decoded(_SERVER_TEXT.decode, frame.encode(errors="replace"))
    else:
        found = decoded(_SERVER.decode, frame)
    return found if isinstance(found, list) else [found]


def decode_client(frame: str | bytes) -> list[ClientObject | Invalid]:
    """Read what a client sent. Of each bad object there is the answer to it, and nothing raises.

    A frame that cannot be taken apart, or is too large, is one bad object.
    """
    data = frame.encode(errors="replace") if isinstance(frame, str) else frame
    text = isinstance(frame, str)
    if len(data) > FRAME:
        return [Invalid("")]
    try:
        found = decoded((_CLIENT_TEXT if text else _CLIENT).decode, data)
    except InvalidObjectError:
        return _one_by_one(data, text=text)
    if isinstance(found, list):
        return [*found] if len(found) <= BATCH else [Invalid("")]
    return [found]


def _one_by_one(data: bytes, *, text: bool) -> list[ClientObject | Invalid]:
    """Take a frame apart in which something is wrong."""
    if text and data.count(b",") > _COMMAS:
        return [Invalid("")]
    try:
        parts = decoded((_ALL_TEXT if text else _ALL).decode, data)
    except InvalidObjectError:
        # No array: a single object, or nothing at all.
        return [_object(data, text=text)]
    return [_object(bytes(part), text=text) for part in parts]


def _object(data: bytes, *, text: bool) -> ClientObject | Invalid:
    one: Callable[[bytes], ClientObject] = (_ONE_TEXT if text else _ONE).decode
    try:
        return decoded(one, data)
    except InvalidObjectError as error:
        return _refused(data, error, text=text)


def _refused(data: bytes, error: InvalidObjectError, *, text: bool) -> Invalid:
    try:
        named = decoded((_NAME_TEXT if text else _NAME).decode, data)
    except InvalidObjectError:
        return Invalid(error.pointer)
    return Invalid(error.pointer, named.id)
