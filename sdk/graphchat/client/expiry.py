"""Messages that disappear: forgotten when their time is over, in small batches.

Rule: what is gone stays gone, and no message lasts longer than its timer from now, whatever
happens to the clock.
"""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Final

from graphchat.client import amendments
from graphchat.client.context import Context
from graphchat.errors import StoreError
from graphchat.store import Cursor

BATCH: Final = 200
# Seconds until the clock is looked at again: it may have been set, or the machine slept.
LOOK: Final = 30.0
# Seconds that something said about a message that never came is kept.
PATIENCE: Final = 30 * 24 * 3600.0


class Expiry:
    """Forgets messages while a client is open."""

    def __init__(self, context: Context) -> None:
        self._context: Final = context
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Forget what is over already, before anybody can see it; then go on."""
        now = self._context.clock.now()
        await self._context.database.write(partial(_tidy, now - PATIENCE))
        await self._sweep()
        self._task = asyncio.create_task(self._run(), name="graphchat expiry")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        wake = self._context.expiring
        while True:
            wake.clear()
            delay = LOOK
            for look in self._context.looks:
                look()
            with suppress(StoreError):  # a full disk: it is tried again
                delay = await self._sweep()
            with suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await wake.wait()

    async def _sweep(self) -> float:
        """Forget all that is over; return the seconds until there is more."""
        found = BATCH
        while found == BATCH:
            now = self._context.clock.now()
            found = await self._context.database.write(partial(_forget, now))
        first = await self._context.database.read(_first)
        return LOOK if first is None else min(max(first - self._context.clock.now(), 0.0), LOOK)


def _forget(now: float, cursor: Cursor) -> int:
    """Forget some messages whose time is over; return how many."""
    # A clock that was set back must not give them more time than they had.
    cursor.execute(
        "UPDATE client_message SET expires_at = ? + lasts"
        " WHERE expires_at IS NOT NULL AND expires_at > ? + lasts",
        (now, now),
    )
    found = cursor.execute(
        "SELECT id, connection_id, outgoing, msg_id FROM client_message WHERE expires_at <= ?"
        " ORDER BY expires_at LIMIT ?",
        (now, BATCH),
    ).fetchall()
    for row, connection, outgoing, message_id in found:
        amendments.forget(connection, bool(outgoing), message_id, cursor)
        cursor.execute("DELETE FROM client_message WHERE id = ?", (row,))
    return len(found)


def _first(cursor: Cursor) -> float | None:
    row = cursor.execute(
        "SELECT min(expires_at) FROM client_message WHERE expires_at IS NOT NULL"
    ).fetchone()
    return row[0] if row else None


def _tidy(before: float, cursor: Cursor) -> None:
    cursor.execute(
        "DELETE FROM client_amendment WHERE said_at < ? AND NOT EXISTS (SELECT 1"
        " FROM client_message m WHERE m.connection_id = client_amendment.connection_id"
        " AND m.msg_id = client_amendment.target)",
        (before,),
    )
