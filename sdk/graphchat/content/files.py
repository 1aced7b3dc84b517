"""A file that is too large for its message: what it is, and where its chunks wait.

The chunks are sealed under a key that is in this message alone (docs/protocol.md, section 25).
"""

from re import ASCII, fullmatch
from typing import Annotated, Final

from msgspec import Meta, Struct

from graphchat.content import rules
from graphchat.content.spoken import MAX_CAPTION, MAX_THUMBNAIL
from graphchat.errors import ContentError

CHUNK: Final = 786_388
"""Bytes of a file in one chunk: an XXL envelope less nonce, tag and length."""
MAX_SIZE: Final = 2**34
MAX_STRIP: Final = 16
"""Chunks in one queue: an open one holds no more messages by default."""
MAX_STRIPS: Final = 4_096
MAX_COPIES: Final = 3
MAX_HOSTS: Final = 8
MAX_FILE_NAME: Final = 200
# What file systems hold, less what a number before the ending needs.
MAX_NAME_BYTES: Final = 240
MAX_MIME: Final = 100

_Key = Annotated[bytes, Meta(min_length=32, max_length=32)]


class FileHost(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A relay on which chunks are."""

    relay: Annotated[bytes, Meta(min_length=16, max_length=16)]
    """Its fingerprint."""
    base: Annotated[str, Meta(min_length=1, max_length=255)]
    """Its create URI without a token."""


class FilePlace(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A queue with one copy of the chunks of a strip."""

    host: Annotated[int, Meta(ge=0, lt=MAX_HOSTS)]
    """Its relay: the place in the list of hosts."""
    queue: Annotated[bytes, Meta(min_length=18, max_length=18)]
    """The recipient's id."""
    key: _Key
    """The seed of the recipient's key."""

    def __repr__(self) -> str:
        return f"<FilePlace at host {self.host}>"


Copies = Annotated[tuple[FilePlace, ...], Meta(min_length=1, max_length=MAX_COPIES)]


class File(Struct, tag_field="type", tag="file", frozen=True, omit_defaults=True):
    """A file of any kind. `LocalFile` says which one to send; the client makes this of it.

    Raises `ContentError` if a part breaks a limit, or they do not fit together.
    """

    name: str
    """One line of at most 200 characters, without a folder."""
    size: int
    """Bytes, up to 2^34."""
    key: _Key
    sha256: _Key
    """Of the whole file, as `sha256sum` prints it."""
    hosts: Annotated[tuple[FileHost, ...], Meta(max_length=MAX_HOSTS)] = ()
    strips: Annotated[tuple[Copies, ...], Meta(max_length=MAX_STRIPS)] = ()
    """The chunks in order, cut into strips; for each the queues that hold it."""
    strip: int = 1
    """Chunks in each strip but the last."""
    keep: bool = False
    """For several readers: nobody deletes the chunks, which stay until they expire."""
    mime: str = ""
    """What the sender takes it for, such as ``application/pdf``; may be empty."""
    description: str = ""
    thumbnail: bytes = b""
    """A few KiB of a picture that shows what is in it; may be empty."""
    reply_to: bytes = b""
    quote: str = ""

    def __post_init__(self) -> None:
        rules.reply(self.reply_to, self.quote)
        check_name(self.name)
        rules.number("size of the file", self.size, 0, MAX_SIZE)
        check_mime(self.mime)
        rules.prose("description", self.description, MAX_CAPTION)
        rules.size("thumbnail", self.thumbnail, 0, MAX_THUMBNAIL)
        rules.number("number of chunks in a queue", self.strip, 1, MAX_STRIP)
        if len(self.strips) != count(count(self.size, CHUNK), self.strip):
            raise ContentError("The file has another number of chunks than its size says.")
        if any(place.host >= len(self.hosts) for strip in self.strips for place in strip):
            raise ContentError("A chunk of the file is on a relay that is not named.")

    def __repr__(self) -> str:  # without the keys
        return f"<File {self.name!r}, {self.size} bytes>"


def count(whole: int, part: int) -> int:
    """Return how many parts, of which the last may be smaller, make up the whole."""
    return -(-whole // part)


def check_name(name: str) -> None:
    """Allow what can be the name of a file, and no way to another folder.

    Raises `ContentError`.
    """
    rules.name("name of the file", name, MAX_FILE_NAME)
    if len(name.encode()) > MAX_NAME_BYTES:
        raise ContentError(f"The name of the file has more than {MAX_NAME_BYTES} bytes.")
    if "/" in name or "\\" in name or name in {".", ".."}:
        raise ContentError("The name of the file leads to another folder. Leave that out.")


def check_mime(mime: str) -> None:
    """Allow a media type without parameters (RFC 6838), or nothing. Raises `ContentError`."""
    word = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*"
    if mime and (len(mime) > MAX_MIME or not fullmatch(f"{word}/{word}", mime, ASCII)):
        raise ContentError("The media type of the file is none, such as application/pdf.")


Filed = File
"""Every message of this module that can be a frame."""
