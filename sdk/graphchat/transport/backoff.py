"""How long to wait before the next attempt to connect."""

from dataclasses import dataclass
from typing import Final

from graphchat.clock import Clock

_STEPS: Final = 256


@dataclass(slots=True)
class Backoff:
    """Doubles from ``first`` to ``most`` seconds; each wait is shortened by up to a half.

    Else all clients of a relay that restarts would come back at the same moment.
    """

    clock: Clock
    first: float
    most: float
    _next: float = 0.0

    def wait(self) -> float:
        """Return the seconds to wait now, and wait longer next time."""
        base = max(self._next, self.first)
        self._next = min(2 * base, self.most)
        return base * (1 - self.clock.random(1)[0] / (2 * _STEPS))

    def reset(self) -> None:
        """Begin again: the last connection was a good one."""
        self._next = 0.0
