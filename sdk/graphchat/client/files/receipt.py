"""What becomes of a file that was sent."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from graphchat.client.files.fetching import Watch, quiet
from graphchat.client.files.uploads import Upload
from graphchat.client.receipt import Receipt
from graphchat.errors import StateError

if TYPE_CHECKING:
    from graphchat.client.engine import Engine


class FileReceipt(Receipt):
    """A file of ours on its way: first all of it goes to relays, then the message that names it.

    It is stored, and goes on whether or not anybody waits here, also after a restart; the file
    must stay as it is until `sent`. Waiting raises `StateError` if it cannot be sent.
    """

    def __init__(self, engine: "Engine", upload: Upload, sent_at: datetime) -> None:
        super().__init__(upload.progress, sent_at)
        self._engine: Final = engine
        self._upload: Final = upload

    @property
    def name(self) -> str:
        """What the file is called."""
        return self._upload.filling.stored.state.name

    @property
    def done(self) -> int:
        """Bytes that relays have, all copies together."""
        return self._upload.filling.done

    @property
    def total(self) -> int:
        """Bytes that relays are to have."""
        return self._upload.filling.total

    async def uploaded(self, watch: Watch = quiet) -> None:
        """Return once relays have all of the file, and the message is said.

        ``watch`` hears of each chunk. Raises `StateError` if it cannot be sent.
        """
        while self._engine.uploads.get(self._upload.where) is self._upload:
            watch(self.done, self.total)
            await self._upload.filling.pulse.wait()
        if self._upload.failed:
            raise StateError(self._upload.failed)
        watch(self.total, self.total)

    async def cancel(self) -> bool:
        """Stop, and delete what relays have of it. False: it is said already; delete that then."""
        return await self._engine.uploads.cancel(self._upload.where)
