"""Files on the disk of this machine: looked through before they are sent, written as they come.

Rule: a file is never held in memory, and nothing that is there is overwritten.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b, sha256
from itertools import count
from mimetypes import guess_type
from pathlib import Path
from typing import Final
from unicodedata import category

from graphchat.content import unseen
from graphchat.content.files import CHUNK
from graphchat.content.pictures import MAX_FILE, make_image
from graphchat.errors import ContentError, StateError

DIGEST: Final = 16
"""Bytes by which a chunk is known again when it is read a second time."""
CHANGED: Final = "The file was changed or removed while it was sent. Send it again."
_PIECE: Final = 1024 * 1024
# Names that Windows keeps for devices, whatever the ending.
_DEVICES: Final = frozenset(
    ["CON", "PRN", "AUX", "NUL", *(f"{name}{n}" for name in ("COM", "LPT") for n in range(10))]
)
_UNWELCOME: Final = frozenset('<>:"/\\|?*')
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Looked:
    """What a file is, after it was read once."""

    size: int
    sha256: bytes
    digests: bytes
    """`DIGEST` bytes for each chunk."""
    mime: str
    thumbnail: bytes


def look(path: Path, most: int) -> Looked:
    """Read a file to its end. Raises `ContentError` if it cannot be sent."""
    try:
        with path.open("rb") as file:
            if not path.is_file():  # a pipe or a device has no end
                raise ContentError("This is no file. Choose one.")
            if os.fstat(file.fileno()).st_size > most:
                raise ContentError(f"The file is larger than {most:,} bytes, the limit here.")
            whole, digests, size = sha256(), bytearray(), 0
            while data := file.read(CHUNK):
                size += len(data)
                if size > most:
                    raise ContentError(CHANGED)
                whole.update(data)
                digests += digest(data)
    except OSError as error:
        raise ContentError(f"The file cannot be read: {error.strerror}.") from None
    mime = guess_type(path.name)[0] or ""
    return Looked(size, whole.digest(), bytes(digests), mime, _thumbnail(path, size))


def digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=DIGEST).digest()


def chunk(path: Path, number: int, known: bytes) -> bytes:
    """Read a chunk again. Raises `StateError` if it is not what it was."""
    try:
        with path.open("rb") as file:
            file.seek(number * CHUNK)
            data = file.read(CHUNK)
    except OSError:
        raise StateError(CHANGED) from None
    if digest(data) != known:
        raise StateError(CHANGED)
    return data


def is_picture(path: Path) -> bool:
    """Tell whether a file begins like a picture that can travel in its message."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
            small = os.fstat(file.fileno()).st_size <= MAX_FILE
    except OSError as error:
        raise ContentError(f"The file cannot be read: {error.strerror}.") from None
    webp = head[:4] == b"RIFF" and head[8:] == b"WEBP"
    return small and (webp or head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")))


def _thumbnail(path: Path, size: int) -> bytes:
    if not 0 < size <= MAX_FILE:
        return b""
    with suppress(ContentError, OSError):
        if is_picture(path):
            return make_image(path.read_bytes()).thumbnail
    return b""


def safe_name(name: str) -> str:
    """Return a name that is good in every folder of every system, and hides nothing."""
    kept = "".join("_" if c in _UNWELCOME or category(c)[0] == "C" else c for c in name)
    kept = kept[:_LONGEST].strip().rstrip(".").rstrip()
    if (
        not unseen.shows(kept)
        or kept[0] in ".-~"
        or kept.partition(".")[0].strip().upper() in _DEVICES
    ):
        kept = f"_{kept}"
    while len(kept.encode()) > _LONGEST:
        kept = kept[:-1]
    return kept


def numbered(path: Path) -> Iterator[Path]:
    """Yield ``path``, then its name with (2), (3) ... before the ending."""
    yield path
    for number in count(2):
        yield path.with_name(f"{path.stem} ({number}){path.suffix}")


class Part:
    """A file that is not complete yet, beside the place where it will be."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path

    def make(self, size: int) -> None:
        """Begin it anew. Raises `StateError` if there is no room."""
        if shutil.disk_usage(self.path.parent).free < size:
            raise StateError(f"There is no room for a file of {size:,} bytes. Choose a place.")
        self.path.unlink(missing_ok=True)
        # Nobody else reads it, and no link that somebody put there is followed.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        handle = os.open(self.path, flags, 0o600)
        try:
            os.ftruncate(handle, size)
        finally:
            os.close(handle)

    def has(self, size: int) -> bool:
        """Tell whether it is there, as `make` left it."""
        return (
            not self.path.is_symlink() and self.path.is_file() and self.path.stat().st_size == size
        )

    def write(self, number: int, data: bytes) -> None:
        with self.path.open("r+b") as file:
            file.seek(number * CHUNK)
            file.write(data)

    def sync(self) -> None:
        """Have what was written on the disk, also if the power fails now."""
        with self.path.open("r+b") as file:
            os.fsync(file.fileno())

    def sha256(self) -> bytes:
        whole = sha256()
        with self.path.open("rb") as file:
            while data := file.read(_PIECE):
                whole.update(data)
        return whole.digest()

    def become(self, path: Path, *, exactly: bool) -> Path:
        """Give it its name, at once; another one if that is taken, unless ``exactly``.

        Raises `StateError`.
        """
        self.sync()
        for name in numbered(path):
            if _renamed(self.path, name):
                return name
            if exactly:
                break
        raise StateError("There is a file with this name now. Choose another name.")


def _renamed(part: Path, name: Path) -> bool:
    """Rename without ever replacing a file; tell whether the name was free."""
    try:
        os.link(part, name)
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        if os.path.lexists(name):
            return False
        part.rename(name)
        return True
    part.unlink()
    return True
