"""When to tell the other side what has arrived, and when to ask again for what has not.

docs/protocol.md, section 14.
"""

from dataclasses import dataclass, field
from typing import Final

from graphchat.clock import Clock

# At most so many frames wait for one receipt ...
BATCH: Final = 32
# ... or a random time in seconds, so that a relay cannot tell which message a receipt answers.
SOONEST: Final = 0.25
LATEST: Final = 5.0
# A slower lane may still bring what is missing; after that ask, and ask again, seconds.
PATIENCE: Final = 2.0
REPEAT: Final = 30.0


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
