"""Group commit: what ends at the same time shares one transaction, and one wait for the disk."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Final, TypeVar, cast

from graphchat.store import Cursor, Database

T = TypeVar("T")

MAX_GROUP: Final = 256
# Seconds that work without hurry waits for other work to go along with.
PATIENCE: Final = 0.5


@dataclass(frozen=True, slots=True)
class _Entry:
    work: Callable[[Cursor], object]
    done: asyncio.Future[object]


class Commits:
    """The only writer of a bot's database.

    While one group is being written the next gathers, so that sixty-four chats cost hardly
    more than one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Entry] = []
        self._unhurried: list[Callable[[Cursor], object]] = []
        self._stir = asyncio.Event()
        self._began: float | None = None
        self.count = 0
        """Transactions so far."""
        self.works = 0
        """What was written in them."""

    @property
    def took(self) -> float:
        """Seconds that the transaction takes that is being written; 0 if none is."""
        return 0.0 if self._began is None else monotonic() - self._began

    async def commit(self, work: Callable[[Cursor], T]) -> T:
        """Run ``work`` in a transaction; return its value once it is on disk."""
        done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Entry(work, done))
        self._stir.set()
        return cast("T", await done)

    def along(self, work: Callable[[Cursor], object]) -> None:
        """Run ``work`` with the next transaction, or soon. A crash may forget it."""
        if not self._unhurried:
            asyncio.get_running_loop().call_later(PATIENCE, self._stir.set)
        self._unhurried.append(work)

    async def run(self) -> None:
        """Write what gathers, until cancelled."""
        while True:
            await self._stir.wait()
            self._stir.clear()
            while self._waiting or self._unhurried:
                await self._write_group()

    async def finish(self) -> None:
        """Write what is left. Only when `run` has ended."""
        while self._waiting or self._unhurried:
            await self._write_group()

    async def _write_group(self) -> None:
        group, self._waiting = self._waiting[:MAX_GROUP], self._waiting[MAX_GROUP:]
        along, self._unhurried = self._unhurried, []
        works = [*(entry.work for entry in group), *along]
        self.count += 1
        self.works += len(works)
        self._began = monotonic()
        try:
            await self._write(group, along, works)
        finally:
            self._began = None

    async def _write(
        self,
        group: Sequence[_Entry],
        along: Sequence[Callable[[Cursor], object]],
        works: Sequence[Callable[[Cursor], object]],
    ) -> None:
        try:
            values: Sequence[object] = await self._database.write(_all(works))
        except Exception as error:  # noqa: BLE001 - each learns by itself what went wrong
            if len(works) > 1:
                await self._write_each(group, along)
            elif group and not group[0].done.done():
                group[0].done.set_exception(error)
            return
        for entry, value in zip(group, values, strict=False):
            if not entry.done.done():
                entry.done.set_result(value)

    async def _write_each(
        self, group: Sequence[_Entry], along: Sequence[Callable[[Cursor], object]]
    ) -> None:
        # One that fails takes nobody else down with it.
        for entry in group:
            try:
                value = await self._database.write(entry.work)
            except Exception as error:  # noqa: BLE001 - handed to whoever waits for it
                if not entry.done.done():
                    entry.done.set_exception(error)
            else:
                if not entry.done.done():
                    entry.done.set_result(value)
        for work in along:
            with suppress(Exception):  # it may be forgotten
                await self._database.write(work)


def _all(
    works: Sequence[Callable[[Cursor], object]],
) -> Callable[[Cursor], Sequence[object]]:
    return lambda cursor: [work(cursor) for work in works]
