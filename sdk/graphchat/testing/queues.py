"""Queues of simulated relays, which may be down, lose, repeat and reorder."""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, final

from graphchat.clock import Clock
from graphchat.core.lane import LaneState
from graphchat.secret import Secret

BASE: Final = "http://127.0.0.1:8080/q"


class Answer(Enum):
    """What came of an attempt to write to a queue."""

    OK = auto()
    DOWN = auto()
    REFUSED = auto()


@final
@dataclass(slots=True)
class Queue:
    """One queue. Tests change its fields to play a relay that is broken or hostile."""

    sender: bytes | None = None
    """Who alone may write; while it is None, whoever does not sign."""
    down: bool = False
    swallows: bool = False
    """Says OK and keeps nothing."""
    envelopes: list[bytes] = field(default_factory=list[bytes])
    """Oldest first. Put something in, take it out, or change the order."""
    seen: list[bytes] = field(default_factory=list[bytes])
    """Every envelope that ever came."""

    def put(self, envelope: bytes, sender: bytes | None) -> Answer:
        """Store an envelope, signed by ``sender`` or by nobody."""
        if self.down:
            return Answer.DOWN
        if sender != self.sender:
            return Answer.REFUSED
        self.seen.append(envelope)
        if not self.swallows:
            self.envelopes.append(envelope)
        return Answer.OK


@final
@dataclass(slots=True)
class Network:
    """All queues, by the id with which one writes to them."""

    queues: dict[bytes, Queue] = field(default_factory=dict[bytes, Queue])

    def create(self, sender_id: bytes) -> Queue:
        queue = self.queues[sender_id] = Queue()
        return queue

    def put(self, sender_id: bytes, envelope: bytes, sender: bytes | None) -> Answer:
        """Write to a queue; one that is gone refuses like one that is not ours."""
        queue = self.queues.get(sender_id)
        return Answer.REFUSED if queue is None else queue.put(envelope, sender)

    def remove(self, sender_id: bytes) -> None:
        self.queues.pop(sender_id, None)


def new_lane(number: int, network: Network, clock: Clock) -> LaneState:
    """Make a queue, and a lane that receives by it."""
    state = LaneState(
        number,
        clock.random(16),
        BASE,
        clock.random(18),
        clock.random(18),
        Secret(clock.random(32)),
        Secret(clock.random(32)),
        Secret(clock.random(32)),
    )
    network.create(state.sender_id)
    return state
