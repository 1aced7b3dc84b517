"""Pictures and recordings that came, as files: by the id of their message, never overwritten.

Nobody has looked inside them.
"""

import shlex
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

from graphchat.cli.output import plain
from graphchat.content import File, Image, Message, Voice
from graphchat.ids import MessageId

_ENDINGS: Final = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


def save(message: Message, message_id: MessageId, folder: Path) -> Path | None:
    """Write the picture or recording that ``message`` is, if it is one; return its path.

    The same one is written once; a file that is something else stays, and the new one gets a
    number. Raises `OSError`.
    """
    match message:
        case Image(mime=mime):
            ending = _ENDINGS[mime]
        case Voice():
            ending = "opus"
        case _:
            return None
    folder.mkdir(parents=True, exist_ok=True)
    for path in _names(folder, message_id.hex(), ending):
        if _write(path, message.data) or _holds(path, message.data):
            return path
    raise AssertionError("numbers end")


def where(
    contact: str, file: Path | None, message: Message | None = None, name: bytes = b""
) -> str:
    """Say where what a message from ``contact`` carries is, or which command gets it."""
    if file is not None:
        return plain(str(file))
    if isinstance(message, File):
        get = f"graphchat file get {shlex.quote(contact)} {name.hex()[:8]}"
        return plain(f"not fetched; {get} does")
    return plain(f"not saved; graphchat history {shlex.quote(contact)} --save DIR does")


def _names(folder: Path, name: str, ending: str) -> Iterator[Path]:
    yield folder / f"{name}.{ending}"
    for number in count(2):
        yield folder / f"{name}-{number}.{ending}"


def _write(path: Path, data: bytes) -> bool:
    """Write a new file; tell whether the name was free. Half a file does not stay."""
    try:
        file = path.open("xb")  # follows no link either
    except FileExistsError:
        return False
    try:
        with file:
            file.write(data)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return True


def _holds(path: Path, data: bytes) -> bool:
    if not path.is_file() or path.stat().st_size != len(data):
        return False
    return path.read_bytes() == data
