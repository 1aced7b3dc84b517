"""Files of a bot on their way: what is sent, until relays have it, and what was fetched.

A file that somebody has sent is deleted at the relays once it is here. So it stays here until
all that follows from its message is stored: a handler that is run again gets it again.
"""

import asyncio
import os
import shutil
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol, final

from graphchat.client import LocalFile, Receipt
from graphchat.client.files.disk import Part, numbered, safe_name
from graphchat.client.files.receipt import FileReceipt
from graphchat.client.history import Line
from graphchat.content import File
from graphchat.errors import StateError
from graphchat.ids import MessageId
from graphchat_bots.parcel import Attachment


class Target(Protocol):
    """What a file needs that is sent to a contact or a group."""

    async def post(self, message: LocalFile, *, id: MessageId) -> Receipt: ...  # noqa: A002


class Chat(Protocol):
    """What a file needs that a contact has sent."""

    async def fetch(self, id: MessageId, target: Path) -> Path: ...  # noqa: A002
    async def line(self, id: MessageId) -> Line: ...  # noqa: A002


@final
class Files:
    """Files between a bot and its network, in a folder that nobody else reads."""

    def __init__(self, folder: Path) -> None:
        self._folder: Final = folder

    async def send(self, chat: Target, file: Attachment, message_id: MessageId) -> Receipt:
        """Send a file; return once relays have all of it.

        After a crash it goes on where it was. Raises `ContentError` or `StateError` if it
        cannot be sent, or has changed meanwhile.
        """
        spooled = None if file.path else self._place("out", message_id.hex())
        if spooled is not None:
            await asyncio.to_thread(_write, spooled, file.data)
        local = LocalFile(
            spooled or Path(file.path),
            file.description,
            file.name,
            reply_to=file.reply_to,
            quote=file.quote,
        )
        try:
            receipt = await chat.post(local, id=message_id)
            if isinstance(receipt, FileReceipt):
                await receipt.uploaded()
        except Exception:
            _forget(spooled)
            raise
        _forget(spooled)
        return receipt

    async def fetch(self, chat: Chat, message_id: MessageId, name: str, target: Path) -> Path:
        """Get the file of a message to ``target``, a folder or a new name; return where it is.

        ``name`` is what it is kept under until `forget`. Nothing is overwritten; what is
        there already from an earlier try is returned. Raises as `Contact.fetch`.
        """
        kept = self._place("in", name)
        file = (await chat.line(message_id)).message
        if not isinstance(file, File):
            raise StateError("This message is no file.")
        if (found := await asyncio.to_thread(_found, file, target)) is not None:
            return found
        if not await asyncio.to_thread(kept.exists):
            await chat.fetch(message_id, kept)
        return await asyncio.to_thread(_copy, kept, file, target)

    def forget(self, name: str) -> None:
        """Delete what was kept of a fetched file."""
        _forget(self._folder / "in" / _safe(name))

    def _place(self, kind: str, name: str) -> Path:
        folder = self._folder / kind
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder / _safe(name)


def _safe(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:32]


def _write(path: Path, data: bytes) -> None:
    # An upload that a crash has interrupted reads the same bytes again.
    if path.exists() and path.read_bytes() == data:
        return
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)


def _forget(path: Path | None) -> None:
    if path is not None:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _is(path: Path, file: File) -> bool:
    """Say whether ``file`` is at ``path`` already."""
    try:
        return path.stat().st_size == file.size and Part(path).sha256() == file.sha256
    except OSError:
        return False


def _found(file: File, target: Path) -> Path | None:
    """Return where an earlier try has put the file already."""
    if not target.is_dir():
        return target if _is(target, file) else None
    for path in numbered(target / safe_name(file.name)):
        if not path.exists():
            return None
        if _is(path, file):
            return path
    return None


def _copy(kept: Path, file: File, target: Path) -> Path:
    exactly = not target.is_dir()
    place = target if exactly else target / safe_name(file.name)
    part = Part(place.with_name(f".{kept.name}.part"))
    try:
        shutil.copyfile(kept, part.path)
        return part.become(place, exactly=exactly)
    except OSError as error:
        raise StateError(f"The file cannot be written: {error.strerror}.") from None
