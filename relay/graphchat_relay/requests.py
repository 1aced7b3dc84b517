"""The requests under way: so many at once, and whoever keeps the relay waiting makes room first.

A body that never comes, or an answer that nobody takes, holds a place and no more: when others
need it, the one who has had it longest is ended. Whoever is being worked for is never ended.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from graphchat_relay.buckets import Bucket
from graphchat_relay.intake import Intake


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that waits for its peer."""

    intake: Intake
    evicted: Callable[[], None]

    @property
    def held(self) -> int:
        return self.intake.held

    def shed(self) -> None:
        self.evicted()
        self.intake.evict()


class Requests:
    def __init__(self, most: int, evicted: Callable[[], None], refusals: Bucket) -> None:
        """``evicted`` is told of each request that was ended for another.

        ``refusals`` is how many may be refused at once: those beyond wait a little, so that
        whoever floods the relay with what it refuses waits himself.
        """
        self._most = most
        self._refusals = refusals
        self._evicted = evicted
        # Oldest first.
        self._open: dict[Intake, None] = {}
        self._others: dict[Intake, None] = {}
        self._idle = asyncio.Event()

    def __len__(self) -> int:
        return len(self._open) + len(self._others)

    def __iter__(self) -> Iterator[Intake]:
        return iter((*self._open, *self._others))

    @contextmanager
    def holding(self, intake: Intake) -> Iterator[bool]:
        """Know of a request; tell whether it may be worked on."""
        welcome = len(self._open) < self._most or self._make_room()
        intake.refusals = self._refusals
        (self._open if welcome else self._others)[intake] = None
        try:
            yield welcome
        finally:
            self._open.pop(intake, None)
            self._others.pop(intake, None)
            intake.release()
            if not len(self):
                self._idle.set()

    async def quiet(self, seconds: float) -> None:
        """Wait until no request is under way, but not for long."""
        self._idle.clear()
        if len(self):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._idle.wait()

    def holders(self) -> Iterator["Waiting"]:
        """Return those that may be ended for what they hold."""
        return (Waiting(intake, self._evicted) for intake in self._open if intake.waits)

    def abort(self) -> None:
        """Break the connections of all."""
        for intake in self:
            intake.abort()

    def _make_room(self) -> bool:
        for intake in self._open:
            if intake.waits:
                del self._open[intake]
                self._others[intake] = None
                Waiting(intake, self._evicted).shed()
                return True
        return False
