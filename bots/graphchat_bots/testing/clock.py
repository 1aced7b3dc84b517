"""A clock that tests turn by hand."""

from asyncio import sleep
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import Final, final

START: Final = 1_900_000_000.0
"""17 March 2030, so that no test depends on today."""


@dataclass(order=True, slots=True)
class _Alarm:
    when: float
    number: int
    callback: Callable[[], None] | None = field(compare=False)

    def cancel(self) -> None:
        self.callback = None


@final
class HandClock:
    """Stands still until it is turned. Its randomness is the same in every test."""

    def __init__(self) -> None:
        self._now = START
        self._alarms: list[_Alarm] = []
        self._numbers = count()
        self._draws = count()

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    def random(self, size: int) -> bytes:
        seed = next(self._draws).to_bytes(8)
        blocks = (sha256(seed + index.to_bytes(4)).digest() for index in range(size // 32 + 1))
        return b"".join(blocks)[:size]

    def call_at(self, when: float, callback: Callable[[], None]) -> Callable[[], None]:
        if when <= self._now:
            callback()
            return lambda: None
        if when == inf:
            return lambda: None
        alarm = _Alarm(when, next(self._numbers), callback)
        heappush(self._alarms, alarm)
        return alarm.cancel

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once: what is tried again does not keep a test waiting."""
        self.turn_to(self._now + seconds)
        await sleep(0)

    def next_alarm(self) -> float | None:
        """Return when the next alarm rings."""
        while self._alarms and self._alarms[0].callback is None:
            heappop(self._alarms)
        return self._alarms[0].when if self._alarms else None

    def turn_to(self, when: float) -> None:
        """Set the time, and ring every alarm up to it."""
        while (due := self.next_alarm()) is not None and due <= when:
            alarm = heappop(self._alarms)
            self._now = max(self._now, due)
            if alarm.callback is not None:
                alarm.callback()
        self._now = max(self._now, when)
