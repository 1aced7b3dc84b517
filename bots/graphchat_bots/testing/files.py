"""Files without a network: their bytes are in memory, and stay there until the test ends."""

import asyncio
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path

from graphchat.client.files.disk import numbered, safe_name
from graphchat.client.files.records import STRIP
from graphchat.content import File, FileHost, FilePlace, Message
from graphchat.content.files import CHUNK, count
from graphchat.errors import ContentError, StateError
from graphchat_bots.parcel import Attachment, Parcel

_HOST = FileHost(bytes(16), "memory")
_PLACE = FilePlace(0, bytes(18), bytes(32))


class MemoryFiles:
    """What both sides have sent to each other."""

    def __init__(self) -> None:
        self._data: dict[tuple[str, bytes], tuple[str, bytes]] = {}

    async def take(self, chat: str, parcel: Parcel, message_id: bytes) -> Message:
        """Return the message that arrives; the bytes of a file are kept.

        Raises `ContentError` if the file is gone.
        """
        if not isinstance(parcel, Attachment):
            return parcel
        data = await asyncio.to_thread(_read, parcel)
        self._data[chat, message_id] = parcel.name, data
        strips = count(count(len(data), CHUNK), STRIP)
        return File(
            parcel.name,
            len(data),
            bytes(32),
            sha256(data).digest(),
            (_HOST,),
            ((_PLACE,),) * strips,
            STRIP,
            mime=guess_type(parcel.name)[0] or "",
            description=parcel.description,
            reply_to=parcel.reply_to,
            quote=parcel.quote,
        )

    async def put(self, chat: str, message_id: bytes, target: Path) -> Path:
        """Write the file of a message as `Port.fetch` does."""
        return await asyncio.to_thread(self._put, chat, message_id, target)

    def read(self, chat: str, message_id: bytes) -> bytes:
        """Return what is in the file of a message. Raises `StateError` if it is none."""
        return self._found(chat, message_id)[1]

    def _found(self, chat: str, message_id: bytes) -> tuple[str, bytes]:
        if (chat, message_id) not in self._data:
            raise StateError("This message is no file.")
        return self._data[chat, message_id]

    def _put(self, chat: str, message_id: bytes, target: Path) -> Path:
        name, data = self._found(chat, message_id)
        exactly = not target.is_dir()
        for path in numbered(target if exactly else target / safe_name(name)):
            if not path.exists():
                path.write_bytes(data)
                return path
            if path.read_bytes() == data:
                return path
            if exactly:
                break
        raise StateError("There is a file with this name already. Choose another name.")


def _read(file: Attachment) -> bytes:
    if not file.path:
        return file.data
    try:
        return Path(file.path).read_bytes()
    except OSError as error:
        raise ContentError(f"The file cannot be read: {error.strerror}.") from None
