"""What a runtime is busy with, so that a drain or a test knows when it is done."""

import asyncio
from collections import Counter


class Activity:
    """Counts what is begun and not ended, for each chat."""

    def __init__(self) -> None:
        self._busy: Counter[str] = Counter()
        self._waiting: list[tuple[str | None, asyncio.Future[None]]] = []

    def begin(self, chat: str, count: int = 1) -> None:
        self._busy[chat] += count

    def end(self, chat: str, count: int = 1) -> None:
        self._busy[chat] -= count
        if not self._busy[chat]:
            del self._busy[chat]
            self._wake()

    def forget(self, chat: str) -> None:
        """End all that goes on in ``chat``."""
        if chat in self._busy:
            self.end(chat, self._busy[chat])

    def busy(self, chat: str | None = None) -> bool:
        """Say whether something goes on in ``chat``, or anywhere."""
        return bool(self._busy) if chat is None else chat in self._busy

    @property
    def count(self) -> int:
        """How many chats something goes on in."""
        return len(self._busy)

    async def idle(self, chat: str | None = None) -> None:
        """Wait until nothing goes on in ``chat``, or nowhere."""
        while self.busy(chat):
            future = asyncio.get_running_loop().create_future()
            self._waiting.append((chat, future))
            await future

    def _wake(self) -> None:
        still = []
        for chat, future in self._waiting:
            if self.busy(chat):
                still.append((chat, future))
            elif not future.done():
                future.set_result(None)
        self._waiting = [(chat, future) for chat, future in still if not future.done()]
