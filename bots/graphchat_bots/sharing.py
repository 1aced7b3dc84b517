"""Handlers of several chats change what belongs to the whole bot, and no change is lost.

Chats run in parallel, so two may read the same state and both change it. The store takes only
the first; the second handler runs again, and knows what the first has done.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from graphchat_bots.errors import StaleStateError
from graphchat_bots.store import Outcome

Write = Callable[[Outcome], Awaitable[Outcome | None]]


class Sharing:
    """Runs handlers, and writes what follows from them."""

    def __init__(self, write: Write) -> None:
        self._write: Final = write
        self._turn: Final = asyncio.Lock()

    async def settle(self, run: Callable[[], Awaitable[Outcome]]) -> Outcome | None:
        """Return what followed and is on disk, or nothing if that was done before."""
        outcome = await run()
        if not _is_shared(outcome):
            return await self._write(outcome)
        try:
            async with self._turn:
                return await self._write(outcome)
        except StaleStateError:
            return await self._settle_alone(run)

    async def _settle_alone(self, run: Callable[[], Awaitable[Outcome]]) -> Outcome | None:
        # With the lock nobody else in this process writes shared state: once more is enough,
        # and a slow handler among many fast ones gets its turn.
        async with self._turn:
            while True:
                try:
                    return await self._write(await run())
                except StaleStateError:
                    continue  # another process has this store, too


def _is_shared(outcome: Outcome) -> bool:
    return any(not row.chat for row in outcome.states)
