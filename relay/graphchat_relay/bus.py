"""How the replicas of one relay wake each other. Rows are the truth; a wake-up is a hint."""

from collections.abc import Callable, Collection
from typing import Protocol

Wake = Callable[[Collection[bytes]], None]
Gap = Callable[[], None]


class Bus(Protocol):
    """Carries hashes of recipient ids from the replica that stored to the one that serves."""

    def publish(self, ids: Collection[bytes]) -> None:
        """Say that something was stored in these queues, after the commit."""
        ...

    def on_wake(self, wake: Wake) -> None:
        """Call ``wake`` with what other replicas publish."""
        ...

    def on_gap(self, gap: Gap) -> None:
        """Call ``gap`` when hints may have been lost."""
        ...


class LocalBus:
    """The bus of a relay that is one process: there is nobody to wake."""

    def publish(self, ids: Collection[bytes]) -> None:
        """Nobody listens."""

    def on_wake(self, wake: Wake) -> None:
        """Nobody publishes."""

    def on_gap(self, gap: Gap) -> None:
        """Nothing gets lost."""
