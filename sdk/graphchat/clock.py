"""The one source of time and randomness, passed in: tests and vectors bring their own."""

import os
import time
from typing import Protocol, final


class Clock(Protocol):
    """What the protocol needs of the world: the date, a stopwatch, and dice."""

    def now(self) -> float:
        """Return the time in seconds since 1970-01-01 UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds since some fixed moment; never goes back."""
        ...

    def random(self, size: int) -> bytes:
        """Return ``size`` bytes that nobody else can know."""
        ...


@final
class SystemClock:
    """Time and randomness of the operating system."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def random(self, size: int) -> bytes:
        return os.urandom(size)
