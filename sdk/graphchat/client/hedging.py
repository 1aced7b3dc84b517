"""Which lane has its turn for a frame, where it does not leave by all of them.

Rule: a lane behind the first one takes what has waited long, and all before it, so that no lane
ever goes back. docs/protocol.md, section 15.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from graphchat.core.lane import Lane

# Seconds until a frame leaves by one more lane: without the OK of a relay, without a receipt.
NO_OK: Final = 2.0
NO_RECEIPT: Final = 30.0
# Frames that are watched; what is older has waited long.
WATCHED: Final = 1_000


@dataclass(slots=True)
class Wait:
    """One frame on its way."""

    since: float
    """When it was written, by the monotonic clock."""
    taken: bool = False
    """A relay has said OK to it."""

    def due(self, rank: int) -> float:
        """Return when the lane behind ``rank`` others takes it, too."""
        return self.since + rank * (NO_RECEIPT if self.taken else NO_OK)


@dataclass(slots=True)
class Watch:
    """The frames of one connection that no receipt covers. Nothing of it is stored.

    After a restart all that waits has waited long: it leaves by every lane.
    """

    waits: dict[int, Wait] = field(default_factory=dict[int, Wait])
    """By number, rising."""

    def wrote(self, seq: int, now: float) -> None:
        self.waits[seq] = Wait(now)
        while len(self.waits) > WATCHED:
            del self.waits[next(iter(self.waits))]

    def took(self, seq: int) -> None:
        """Note that a relay has a frame."""
        if (wait := self.waits.get(seq)) is not None:
            wait.taken = True

    def covered(self, seq: int) -> None:
        """Forget what the other side has."""
        for number in [known for known in self.waits if known <= seq]:
            del self.waits[number]

    def limit(self, rank: int, first: int, last: int, now: float) -> int:
        """Return up to which frame the lane behind ``rank`` others goes.

        ``first`` to ``last`` are the frames that it has not taken; less than ``first``: none.
        """
        if rank == 0:
            return last
        for seq in range(last, first - 1, -1):
            wait = self.waits.get(seq)
            if wait is None or wait.due(rank) <= now:
                return seq
        return first - 1

    def next(
        self, ranks: Mapping[int, int], sealed: Mapping[int, int], now: float
    ) -> float | None:
        """Return when a lane has its turn next, by the monotonic clock."""
        return min(self._dues(ranks, sealed, now), default=None)

    def _dues(
        self, ranks: Mapping[int, int], sealed: Mapping[int, int], now: float
    ) -> Iterator[float]:
        for number, rank in ranks.items():
            for seq, wait in self.waits.items():
                # One that became due since lanes were looked at last has its turn at once.
                if rank and seq > sealed[number]:
                    yield max(wait.due(rank), now)


def ranks(lanes: Mapping[int, Lane], available: Sequence[int]) -> dict[int, int]:
    """Return the turn of each lane: those in doubt come last, the others in an order by chance.

    It is another order for each connection, so all relays have something to do.
    """

    def order(number: int) -> tuple[bool, bytes]:
        state = lanes[number].state
        return bool(state.doubt_since or state.dropped), state.sender_key.reveal()

    return {number: rank for rank, number in enumerate(sorted(available, key=order))}
