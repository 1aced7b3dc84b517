"""A signal that wakes everybody who waits for it."""

import asyncio
from typing import Self

from graphchat.errors import StateError


class Pulse:
    """Wakes everybody who waits for a change, and forgets them."""

    def __init__(self) -> None:
        self.count = 0
        """How often it has beaten."""
        self._over = ""
        self._waiting: set[asyncio.Future[None]] = set()

    @classmethod
    def ended(cls) -> Self:
        """Return one that will never beat."""
        pulse = cls()
        pulse.end()
        return pulse

    def beat(self) -> None:
        self.count += 1
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def end(self, why: str = "The client was closed.") -> None:
        """Let nobody wait any more: nothing can change."""
        self._over = why
        self.beat()

    async def wait(self, since: int | None = None) -> None:
        """Return at the next `beat`, or at once if there was one after count ``since``.

        Raises `StateError` once it has ended.
        """
        if not self._over and since is not None and since != self.count:
            return
        await self._beaten()
        if self._over:
            raise StateError(self._over)

    async def _beaten(self) -> None:
        if self._over:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)
