"""What leaves a bot, as its store keeps it: a message, or a file that is still on this machine."""

from pathlib import Path
from typing import Final

import msgspec

from graphchat.content import Message, decode, encode
from graphchat.content.files import check_name
from graphchat.errors import ContentError, RemoteProtocolError

# Kept in the outbox, and beside it until a relay has all of it.
MAX_DATA: Final = 8 * 2**20


class Attachment(msgspec.Struct, frozen=True, array_like=True, tag="file"):
    """A file to send: the bytes of it, or where they are when it leaves.

    Raises `ContentError` if the name cannot be that of a file, or the bytes are too many.
    """

    name: str
    """As others see it."""
    path: str = ""
    """Absolute; empty: the bytes are here."""
    data: bytes = b""
    """At most 8 MiB."""
    description: str = ""
    reply_to: bytes = b""
    quote: str = ""

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.data) > MAX_DATA:
            raise ContentError(
                "The bytes of a file are kept until they are sent, up to 8 MiB. Write them to a"
                " file, and answer with its path."
            )

    def __repr__(self) -> str:
        return f"<Attachment, {len(self.data)} bytes here>"


Parcel = Message | Attachment


def attachment(file: Path | bytes, name: str, description: str) -> Attachment:
    """Return a file to send. Raises `ContentError` if it is none, or has no name."""
    if isinstance(file, bytes):
        return Attachment(name, data=file, description=description)
    if not file.is_file():
        raise ContentError("There is no file at this path.")
    return Attachment(name or file.name, str(file.absolute()), description=description)


def pack(parcel: Parcel) -> bytes:
    """Return the bytes of ``parcel``: messages are maps of MessagePack, files arrays."""
    if isinstance(parcel, Attachment):
        return msgspec.msgpack.encode(parcel)
    return encode(parcel)


def unpack(body: bytes) -> Parcel:
    """Return what `pack` was given. Raises `RemoteProtocolError` if it is neither."""
    if body[:1] < b"\x90" or body[:1] > b"\x9f":
        return decode(body)
    try:
        return msgspec.msgpack.decode(body, type=Attachment)
    except (msgspec.MsgspecError, ContentError):
        raise RemoteProtocolError("what was to be sent is damaged") from None
