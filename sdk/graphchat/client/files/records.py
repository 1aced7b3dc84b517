"""What is stored of a file on its way."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from graphchat.content.files import MAX_STRIP, FilePlace
from graphchat.secret import Secret
from graphchat.wire.limits import QUOTA_BYTES, XXL

# Two less than fit: what was sent twice, because nobody knew whether it had come, needs room.
STRIP: Final = min(MAX_STRIP, QUOTA_BYTES // XXL - 2)
COPIES: Final = 2
"""Relays that have each chunk, where there are so many."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file to send. Empty fields are filled in from the file; ``name`` is what others see."""

    path: Path
    description: str = ""
    name: str = ""
    mime: str = ""
    reply_to: bytes = b""
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Where:
    """The message of a file: in which conversation, and its id."""

    connection: int
    group: int
    message_id: bytes

    @property
    def key(self) -> tuple[int, int, bytes]:
        return self.connection, self.group, self.message_id


class UploadState(msgspec.Struct, frozen=True):
    """What never changes while a file is sent."""

    name: str
    size: int
    key: Secret
    sha256: bytes
    digests: bytes
    mime: str
    description: str
    thumbnail: bytes
    strip: int
    copies: int
    reply_to: bytes = b""
    quote: str = ""


class PlaceState(msgspec.Struct, frozen=True):
    """A queue of ours that takes a strip."""

    relay: bytes
    base: str
    recipient_id: bytes
    sender_id: bytes
    key: Secret

    def place(self, host: int) -> FilePlace:
        return FilePlace(host, self.recipient_id, self.key.reveal())


@dataclass(slots=True)
class Place:
    """The same with how much of it is done."""

    state: PlaceState
    done: int = 0


@dataclass(slots=True)
class Stored:
    """A file on its way out, as the database has it."""

    id: int
    where: Where
    path: Path
    state: UploadState
    places: dict[tuple[int, int], Place] = field(default_factory=dict[tuple[int, int], Place])
    """By strip and number of the copy."""
