"""What a bot counts: sums over everybody, nothing about anybody.

Labels are names of handlers and kinds of events: never a contact, a name or a text.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final, Literal

Ended = Literal["done", "again", "set aside", "silent"]
"""How an event ended: a bot is silent towards another bot that says too much."""

# Upper ends in seconds, from a look into a dictionary to a patient handler.
BUCKETS: Final = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0, 300.0)


@dataclass(slots=True)
class Durations:
    """How long the runs of a handler took."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    """How many fell between two of `BUCKETS`, and above the last."""
    seconds: float = 0.0
    """All together."""

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.seconds += seconds


@dataclass(slots=True)
class Figures:
    """Totals of one bot since its start."""

    events: Counter[tuple[str, Ended]] = field(default_factory=Counter)
    """By kind and end."""
    handlers: dict[str, Durations] = field(default_factory=dict[str, Durations])

    @contextmanager
    def timing(self, handler: str) -> Iterator[None]:
        """Count a run of ``handler``, however it ends."""
        start = perf_counter()
        try:
            yield
        finally:
            if handler not in self.handlers:
                self.handlers[handler] = Durations()
            self.handlers[handler].add(perf_counter() - start)
