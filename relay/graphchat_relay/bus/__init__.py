"""How the replicas of one relay wake each other. Rows are the truth; a wake-up is a hint."""

from collections.abc import Callable, Mapping
from typing import Protocol

News = Mapping[bytes, int]
"""Queues, by the hash of the recipient's id; with the epoch of a new reader, or 0."""
Wake = Callable[[News], None]
Gap = Callable[[], None]


class Bus(Protocol):
    """Carries hints from the replica that changed a queue to the others."""

    def publish(self, news: News) -> None:
        """Say that these queues have changed, after the commit."""
        ...

    def on_wake(self, wake: Wake) -> None:
        """Call ``wake`` with what other replicas publish."""
        ...

    def on_gap(self, gap: Gap) -> None:
        """Call ``gap`` when hints may have been lost."""
        ...

    async def run(self) -> None:
        """Carry hints until cancelled."""
        ...
