"""The clock of a bot: time, randomness, and being woken. Tests bring one that they can turn."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol, final

from graphchat.clock import Clock, SystemClock

# The clock of the machine may be set, or the machine suspended: look at it again.
LONGEST: Final = 60.0


class Timer(Clock, Protocol):
    """A clock that one can wait for."""

    def call_at(self, when: float, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback`` at ``when``, seconds since 1970; return what cancels it.

        It may be called too early.
        """
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait before something is tried again."""
        ...


@final
class SystemTimer:
    """Time and randomness of the operating system, and timers of the event loop."""

    def __init__(self) -> None:
        self._clock = SystemClock()

    def now(self) -> float:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def random(self, size: int) -> bytes:
        return self._clock.random(size)

    def call_at(self, when: float, callback: Callable[[], None]) -> Callable[[], None]:
        delay = min(max(when - self.now(), 0), LONGEST)
        return asyncio.get_running_loop().call_later(delay, callback).cancel

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
