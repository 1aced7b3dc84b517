"""When to tell the other side what has arrived, and when to ask again for what has not.

docs/protocol.md, section 14.
"""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from graphchat.clock import Clock

# At most so many frames wait for one receipt ...
BATCH: Final = 32
# ... or a random time in seconds, so that a relay cannot tell which message a receipt answers.
SOONEST: Final = 0.25
LATEST: Final = 5.0
# A slower lane may still bring what is missing; after that ask, and ask again, seconds.
PATIENCE: Final = 2.0
REPEAT: Final = 30.0

# Seconds without a receipt after which the newest frame is sent again, doubling up to a day. A
# relay may have said OK and lost it; whoever misses more will ask for it. Rare enough that the
# queue of somebody who is away does not fill with copies.
FIRST_NUDGE: Final = 300.0
LAST_NUDGE: Final = 86_400.0


class Nudge(msgspec.Struct):
    """Repeats our newest frame while no receipt covers it. Times are seconds since 1970."""

    at: float = 0.0
    """When to repeat it next; 0 while there is nothing to repeat."""
    times: int = 0
    """How often it was repeated."""

    def arm(self, now: float) -> None:
        """Begin to wait for a receipt."""
        self.at, self.times = now + FIRST_NUDGE, 0

    def rest(self) -> None:
        """Stop: everything is covered."""
        self.at, self.times = 0.0, 0

    def postpone(self, now: float) -> None:
        """Wait on, without counting: nothing can be sent now."""
        if self.at and self.left(now) == 0.0:
            self.at = now + FIRST_NUDGE

    def take(self, now: float) -> bool:
        """Tell whether it is time to repeat; if so, wait twice as long as before."""
        if self.left(now) != 0.0:
            return False
        self.times += 1
        self.at = now + min(FIRST_NUDGE * 2.0 ** min(self.times, 20), LAST_NUDGE)
        return True

    def left(self, now: float) -> float | None:
        """Return the seconds until it is time; None if there is nothing to repeat."""
        if not self.at:
            return None
        # A clock that was set back must not put it off for longer than ever intended.
        return max(0.0, self.at - now) if self.at - now <= LAST_NUDGE else 0.0


@dataclass(slots=True)
class ReceiptTimer:
    """Collects frames into one receipt."""

    waiting: int = 0
    due: float | None = None

    def note(self, clock: Clock) -> None:
        """Count a frame that a receipt has to cover, or a lane that it has to mention."""
        self.waiting += 1
        now = clock.monotonic()
        if self.due is None:
            share = int.from_bytes(clock.random(4), "big") / 2**32
            self.due = now + SOONEST + share * (LATEST - SOONEST)
        if self.waiting >= BATCH:
            self.due = now

    def take(self, now: float) -> bool:
        """Tell whether a receipt is due; if so, start over."""
        if self.due is None or self.due > now:
            return False
        self.waiting, self.due = 0, None
        return True


@dataclass(slots=True)
class GapTimer:
    """Remembers since when each stream waits for a missing frame."""

    due: dict[bytes, float] = field(default_factory=dict[bytes, float])

    def note(self, stream: bytes, now: float, *, missing: bool) -> None:
        """Start the patience for ``stream`` when something is missing; end it otherwise."""
        if not missing:
            self.due.pop(stream, None)
        else:
            self.due.setdefault(stream, now + PATIENCE)

    def take(self, now: float) -> list[bytes]:
        """Return the streams for which to ask now."""
        ready = [stream for stream, due in self.due.items() if due <= now]
        for stream in ready:
            self.due[stream] = now + REPEAT
        return ready
