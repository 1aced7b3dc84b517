"""Two connections over relays that are slow, down, lossy or hostile, and sides that crash."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from graphchat.core import frame as frames, record
from graphchat.core.connection import ConnectionState
from graphchat.core.handshake import Phase
from graphchat.core.inbox import MAX_HELD, REMEMBERED
from graphchat.core.receipts import LATEST, PATIENCE, REPEAT, SOONEST
from graphchat.testing.pair import Pair
from graphchat.testing.queues import Queue
from graphchat.testing.side import Side


def stored(side: Side) -> ConnectionState:
    return record.load(side.disk.machine, ConnectionState)


def check_stream(sender: Side, receiver: Side) -> None:
    """Check that what came is a beginning of what was said, and that receipts are true."""
    said = [written.id for written in sender.disk.said]
    welcome = 1  # It is used by the machine itself.
    came = [received.frame.id for received in receiver.disk.received]
    assert came == said[welcome : welcome + len(came)]
    outbox, state = sender.connection.state.outbox, stored(receiver)
    assert set(state.streams) <= {outbox.stream}
    if (stream := state.streams.get(outbox.stream)) is None:
        assert outbox.covered == 0
        return
    assert len(came) == max(0, stream.seq - welcome)
    assert stream.head == sender.disk.said[stream.seq - 1].head or stream.seq == 0
    assert outbox.covered <= stream.seq
    assert all(seen <= stream.lanes.get(lane, 0) for lane, seen in enumerate(outbox.lanes))
    assert len(stream.recent) <= REMEMBERED
    assert set(receiver.disk.held) >= set(receiver.connection.inbox.held)
    assert len(receiver.disk.held) <= MAX_HELD


def check_rest(pair: Pair) -> None:
    """Nothing waits for anything, and both streams arrived whole."""
    for sender, receiver in (pair.sides, pair.sides[::-1]):
        assert sender.phase is Phase.ESTABLISHED
        came = [frames.encode(received.frame) for received in receiver.disk.received]
        assert came == [written.data for written in sender.disk.said[1:]]
        outbox = sender.connection.state.outbox
        assert outbox.covered == outbox.seq == len(sender.disk.said)
        assert sender.disk.frames == {}
        assert sender.disk.waiting == []
        assert sender.disk.work == []
        assert receiver.disk.held == {}
        assert receiver.connection.inbox.held == {}
        assert receiver.connection.due is None
        assert sender.disk.alarms == []


SIDES: Final = st.sampled_from(["alice", "bob"])
LANES: Final = st.integers(0, 2)
PLACES: Final = st.integers(0, 2**16)


class Relays(RuleBasedStateMachine):
    """Whatever relays, time and crashes do: each message once, in order, in the end."""

    @initialize(
        make=st.sampled_from([Pair.by_invitation, Pair.by_address]),
        lanes=st.tuples(st.integers(1, 3), st.integers(1, 3)),
        connected=st.booleans(),
    )
    def begin(self, make: Callable[..., Pair], lanes: tuple[int, int], *, connected: bool) -> None:
        self.pair = make(*lanes)
        self.count = 0
        if connected:
            self.pair.connect()

    def side(self, name: str) -> Side:
        return self.pair.alice if name == "alice" else self.pair.bob

    def queues(self, name: str, lane: int) -> Iterator[tuple[Side, int, Queue]]:
        """Yield a queue of one side, if it has any: the side, the lane, the queue."""
        side = self.side(name)
        if count := len(side.connection.lanes):
            yield side, lane % count, side.queues[lane % count]

    @rule(name=SIDES, count=st.integers(1, 20))
    def say(self, name: str, count: int) -> None:
        if not self.side(name).disk.said:
            return  # The welcome is the first frame.
        for _ in range(count):
            self.count += 1
            self.side(name).say(str(self.count))

    @rule(name=SIDES, lane=LANES, place=PLACES)
    def deliver_in_any_order(self, name: str, lane: int, place: int) -> None:
        for side, number, queue in self.queues(name, lane):
            if queue.envelopes:
                side.receive(number, place % len(queue.envelopes))

    @rule(name=SIDES, lane=LANES, place=PLACES)
    def deliver_again(self, name: str, lane: int, place: int) -> None:
        for _, _, queue in self.queues(name, lane):
            if queue.seen:
                queue.envelopes.append(queue.seen[place % len(queue.seen)])

    @rule(name=SIDES, lane=LANES, place=PLACES, count=st.integers(1, 5))
    def lose(self, name: str, lane: int, place: int, count: int) -> None:
        for side, _, queue in self.queues(name, lane):
            # Nobody repeats a handshake that all relays lost.
            if queue.envelopes and all(lane.started for lane in side.connection.lanes):
                place %= len(queue.envelopes)
                del queue.envelopes[place : place + count]

    @rule(name=SIDES, lane=LANES, place=PLACES, bit=st.integers(0, 7))
    def change(self, name: str, lane: int, place: int, bit: int) -> None:
        for side, number, queue in self.queues(name, lane):
            if queue.seen:
                changed = bytearray(queue.seen[-1])
                changed[place % len(changed)] ^= 1 << bit
                before = side._visible()
                side.crash_in = None
                side.take(number, bytes(changed))
                # Refused, or, when only the body of an opened one differs, taken for it.
                assert side._visible() == before

    @rule(name=SIDES, lane=LANES)
    def go_down_or_come_back(self, name: str, lane: int) -> None:
        for _, _, queue in self.queues(name, lane):
            queue.down = not queue.down

    @rule(name=SIDES, lane=LANES)
    def send(self, name: str, lane: int) -> None:
        for side, number, _ in self.queues(name, lane):
            side.send(number)

    @rule(name=SIDES)
    def step(self, name: str) -> None:
        side = self.side(name)
        side.work()
        side.step()

    @rule(name=SIDES)
    def tick(self, name: str) -> None:
        self.side(name).tick()

    @rule(seconds=st.sampled_from([0.1, SOONEST, PATIENCE, LATEST, REPEAT]))
    def wait(self, seconds: float) -> None:
        self.pair.clock.advance(seconds)

    @rule(name=SIDES)
    def hurry(self, name: str) -> None:
        self.side(name).connection.hurry()

    @rule(name=SIDES, boundary=st.integers(0, 12))
    def crash(self, name: str, boundary: int) -> None:
        """Crash at that boundary from now, whatever will be done then."""
        self.side(name).crash_in = boundary

    @rule(name=SIDES)
    def restart(self, name: str) -> None:
        self.side(name).reload()

    @precondition(lambda self: self.pair.alice.phase is Phase.REQUESTED)
    @rule()
    def accept(self) -> None:
        self.pair.alice.accept()

    @invariant()
    def beginnings_are_equal(self) -> None:
        if hasattr(self, "pair"):
            check_stream(self.pair.alice, self.pair.bob)
            check_stream(self.pair.bob, self.pair.alice)

    def teardown(self) -> None:
        if not hasattr(self, "pair"):
            return
        pair = self.pair
        for queue in pair.network.queues.values():
            queue.down = False
        for side in pair.sides:
            side.crash_in = None
        if pair.alice.phase is Phase.REQUESTED:
            pair.alice.accept()
        pair.settle()
        # What all relays lost at the end is missed once something follows.
        for side in pair.sides:
            side.say("last")
        pair.settle()
        check_rest(pair)


TestRelays: Final[Any] = Relays.TestCase
TestRelays.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    suppress_health_check=[HealthCheck.too_slow],
)
