"""Two connections over relays that are slow, down, lossy or hostile, and sides that crash."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from graphchat.content import MAX_MESSAGE, LaneAccept, LaneAdd, LaneRemove, Typing, Welcome, decode
from graphchat.content.control import MAX_RESEND
from graphchat.core import effects as do, frame as frames, record
from graphchat.core.connection import RETRY, ConnectionState
from graphchat.core.frame import Kind
from graphchat.core.handshake import Phase
from graphchat.core.inbox import MAX_HELD, REMEMBERED
from graphchat.core.outbox import Written
from graphchat.core.receipts import BATCH, FIRST_NUDGE, LATEST, PATIENCE, REPEAT, SOONEST, Nudge
from graphchat.errors import LocalProtocolError
from graphchat.testing.pair import Pair
from graphchat.testing.queues import Queue
from graphchat.testing.side import WINDOW, Side


def stored(side: Side) -> ConnectionState:
    return record.load(side.disk.machine, ConnectionState)


def check_stream(sender: Side, receiver: Side) -> None:
    """Check that what came is a beginning of what was said, and that receipts are true."""
    said = for_people(sender)
    came = [received.frame.id for received in receiver.disk.received]
    assert came == [written.id for written in said[: len(came)]]
    outbox, state = sender.connection.state.outbox, stored(receiver)
    assert set(state.streams) <= {outbox.stream}
    if (stream := state.streams.get(outbox.stream)) is None:
        assert outbox.covered == 0
        return
    assert len(came) == sum(written.seq <= stream.seq for written in said)
    assert stream.head == sender.disk.said[stream.seq - 1].head or stream.seq == 0
    assert outbox.covered <= stream.seq
    assert all(seen <= stream.lanes.get(lane, 0) for lane, seen in outbox.lanes.items())
    assert len(stream.recent) <= REMEMBERED
    assert set(receiver.disk.held) >= set(receiver.connection.inbox.held)
    assert len(receiver.disk.held) <= MAX_HELD


def for_people(side: Side) -> list[Written]:
    """Return what a side has said, but for what machines say to each other."""
    return [written for written in side.disk.said if not is_for_machine(written)]


def is_for_machine(written: Written) -> bool:
    frame = frames.decode(written.data)
    return frame.kind is Kind.CONTROL and isinstance(
        decode(frame.payload), Welcome | LaneAdd | LaneAccept | LaneRemove
    )


def check_rest(pair: Pair) -> None:
    """Nothing waits for anything, and both streams arrived whole."""
    for sender, receiver in (pair.sides, pair.sides[::-1]):
        assert sender.phase is Phase.ESTABLISHED
        came = [frames.encode(received.frame) for received in receiver.disk.received]
        assert came == [written.data for written in for_people(sender)]
        outbox = sender.connection.state.outbox
        assert outbox.covered == outbox.seq == len(sender.disk.said)
        assert sender.disk.frames == {}
        assert sender.disk.waiting == []
        assert sender.disk.work == []
        assert receiver.disk.held == {}
        assert receiver.connection.inbox.held == {}
        assert receiver.connection.due is None
        assert sender.disk.alarms == []


# Receipts, requests and time


@pytest.fixture
def pair() -> Pair:
    return Pair.by_invitation().connect()


def test_both_get_what_the_other_says_in_order(pair: Pair) -> None:
    for number in range(40):
        pair.alice.say(f"a{number}")
        pair.bob.say(f"b{number}")
    pair.settle()
    assert pair.bob.texts == [f"a{number}" for number in range(40)]
    assert pair.alice.texts == [f"b{number}" for number in range(40)]
    check_rest(pair)


def test_a_message_says_who_when_and_which(pair: Pair) -> None:
    pair.alice.say("hello")
    pair.settle()
    (received,) = pair.bob.disk.received
    written = pair.alice.disk.said[-1]
    assert received.frame.message_id == written.id
    assert received.frame.ts_ms == 1_700_000_000_000 + round(1000 * pair_time(pair, written.seq))
    assert received.frame.kind is Kind.CONTENT


def pair_time(pair: Pair, seq: int) -> float:
    """Return when a frame of Alice's was written, in seconds since the start."""
    frame = frames.decode(pair.alice.disk.said[seq - 1].data)
    return (frame.ts_ms - 1_700_000_000_000) / 1000


def test_the_largest_message_fits_and_a_larger_one_is_not_written(pair: Pair) -> None:
    with pytest.raises(LocalProtocolError):
        pair.alice.write(Kind.CONTENT, bytes(MAX_MESSAGE + 1))
    assert pair.alice.connection.state.outbox.seq == 1
    pair.alice.write(Kind.CONTENT, bytes(MAX_MESSAGE))
    pair.settle()
    assert len(pair.bob.disk.received[0].frame.payload) == MAX_MESSAGE
    check_rest(pair)


def test_a_receipt_names_what_each_lane_brought(pair: Pair) -> None:
    pair.bob.queues[1].down = True
    pair.alice.say("x")
    pair.settle()
    outbox = pair.alice.connection.state.outbox
    assert (outbox.covered, outbox.lanes) == (2, {0: 2, 1: 1})
    pair.bob.queues[1].down = False
    pair.alice.say("y")
    pair.settle()
    assert (outbox.covered, outbox.lanes) == (3, {0: 3, 1: 3})


def test_a_lane_that_was_down_skips_what_is_covered(pair: Pair) -> None:
    pair.bob.queues[1].down = True
    for number in range(WINDOW + 10):
        pair.alice.say(str(number))
    pair.settle()
    sealed = pair.alice.connection.lanes[1].state.sealed
    assert sealed == 1 + WINDOW, "it keeps no more than its window"
    pair.bob.queues[1].down = False
    pair.alice.say("last")
    pair.settle()
    check_rest(pair)


def test_frames_wait_for_one_receipt_until_they_are_a_batch(pair: Pair) -> None:
    for number in range(BATCH):
        pair.alice.say(str(number))
    now = pair.clock.monotonic()
    dues: list[float | None] = []
    while len(pair.bob.texts) < BATCH:
        pair.alice.send(0)
        pair.bob.receive(0)
        dues.append(pair.bob.connection.due)
    assert dues[-1] == now
    assert all(due is not None and due >= now + SOONEST for due in dues[:-1])


def test_who_leaves_sends_the_receipt_that_is_owed(pair: Pair) -> None:
    pair.bob.connection.hurry()
    assert pair.bob.connection.due is None, "nothing is owed"
    pair.alice.say("x")
    pair.alice.send(0)
    pair.bob.receive(0)
    pair.bob.connection.hurry()
    pair.bob.tick()
    pair.bob.send(0)
    pair.alice.receive(0)
    assert pair.alice.disk.frames == {}


def test_a_receipt_that_is_owed_is_owed_after_a_restart(pair: Pair) -> None:
    pair.alice.say("x")
    pair.alice.send(0)
    pair.bob.receive(0)
    pair.bob.reload()
    assert pair.bob.connection.due is not None
    pair.settle()
    assert pair.alice.disk.frames == {}
    pair.bob.reload()
    assert pair.bob.connection.due is None


def test_without_a_lane_receipts_and_requests_wait(pair: Pair) -> None:
    pair.alice.say("lost")
    pair.alice.say("held")
    pair.alice.send(0)
    pair.bob.queues[0].envelopes.pop(0)
    pair.bob.receive(0)
    machine = pair.bob.connection
    pair.clock.advance(LATEST)
    for _ in range(3):
        assert machine.tick([]) == []
        assert machine.due == pair.clock.monotonic() + RETRY
        pair.clock.advance(RETRY)
    assert len(machine.tick([0, 1])) == 4, "a receipt and a request by each lane"


def asked_at(pair: Pair, seconds: float) -> list[tuple[int, int]]:
    """Return what Bob asks Alice for in that time."""
    found: list[tuple[int, int]] = []
    end = pair.clock.monotonic() + seconds
    while (due := pair.bob.connection.due) is not None and due <= end:
        pair.clock.advance(max(0.0, due - pair.clock.monotonic()))
        sent = [e for e in pair.bob.connection.tick([0]) if isinstance(e, do.Sealed)]
        for sealed in sent:
            effects = pair.alice.connection.receive(0, sealed.envelope)
            found += [(e.first, e.last) for e in effects if isinstance(e, do.Repeat)]
    pair.clock.advance(end - pair.clock.monotonic())
    return found


def lose(pair: Pair, *places: int) -> None:
    """Have Alice's next envelopes come by the first lane, but not those at ``places``."""
    pair.alice.send(0)
    envelopes = pair.bob.queues[0].envelopes
    for place in sorted(places, reverse=True):
        del envelopes[place]
    while envelopes:
        pair.bob.receive(0)


def test_a_gap_is_asked_for_after_two_seconds_and_again_after_thirty(pair: Pair) -> None:
    for number in range(4):
        pair.alice.say(str(number))
    lose(pair, 1, 2)
    assert asked_at(pair, PATIENCE - 0.01) == []
    assert asked_at(pair, 0.02) == [(3, 4)]
    assert asked_at(pair, REPEAT - 0.1) == []
    assert asked_at(pair, 0.2) == [(3, 4)]
    pair.settle()
    assert pair.bob.texts == list("0123")


def test_a_second_gap_has_patience_of_its_own(pair: Pair) -> None:
    for number in range(5):
        pair.alice.say(str(number))
    lose(pair, 1, 3)
    assert asked_at(pair, PATIENCE) == [(3, 3)]
    written = pair.alice.disk.frames[3]
    again = pair.alice.connection.seal(0, 3, written.data, written.signature)
    pair.bob.take(0, again.envelope)
    assert pair.bob.texts == list("012")
    assert asked_at(pair, PATIENCE - 0.01) == []
    assert asked_at(pair, 0.02) == [(5, 5)]


def test_a_wide_gap_is_asked_for_in_parts(pair: Pair) -> None:
    pair.bob.queues[0].swallows = pair.bob.queues[1].swallows = True
    for number in range(MAX_RESEND + 10):
        pair.alice.say(str(number))
        pair.alice.send(0)
    pair.bob.queues[0].swallows = pair.bob.queues[1].swallows = False
    pair.alice.say("last")
    pair.alice.send(0)
    pair.bob.receive(0)
    assert asked_at(pair, PATIENCE) == [(2, MAX_RESEND + 1)]
    pair.settle()
    assert len(pair.bob.texts) == MAX_RESEND + 11


def test_a_gap_is_asked_for_after_a_restart(pair: Pair) -> None:
    pair.alice.say("lost")
    pair.alice.say("held")
    lose(pair, 0)
    pair.bob.reload()
    assert asked_at(pair, PATIENCE) == [(2, 2)]
    pair.settle()
    assert pair.bob.texts == ["lost", "held"]


@pytest.mark.parametrize("honest", [0, 1])
def test_one_honest_relay_in_each_direction_is_enough(pair: Pair, honest: int) -> None:
    for side in pair.sides:
        side.queues[1 - honest].swallows = True
    for number in range(50):
        pair.alice.say(str(number))
        pair.bob.say(str(number))
        pair.settle()
    assert pair.alice.texts == pair.bob.texts == [str(number) for number in range(50)]
    check_rest(pair)


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_a_crash_at_any_boundary_of_a_conversation_does_no_harm(who: str) -> None:
    for boundary in range(100):
        pair = Pair.by_invitation().connect()
        for each in ("one", "two"):
            pair.alice.say(each)
            pair.bob.say(each)
        pair.bob.queues[0].swallows = True
        side = pair.alice if who == "alice" else pair.bob
        side.crash_in = boundary
        pair.settle()
        side.crash_in = None
        pair.settle()
        assert pair.alice.texts == pair.bob.texts == ["one", "two"], f"crash at {boundary}"
        check_rest(pair)
        if not side.crashes:
            break
    assert 20 < boundary < 99, "the crash came at every boundary there is"


# Everything at once

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
        if numbers := sorted(side.queues):
            number = numbers[lane % len(numbers)]
            yield side, number, side.queues[number]

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
            if queue.envelopes and all(lane.started for lane in side.connection.lanes.values()):
                place %= len(queue.envelopes)
                del queue.envelopes[place : place + count]

    @rule(name=SIDES, lane=LANES, place=PLACES, bit=st.integers(0, 7))
    def change(self, name: str, lane: int, place: int, bit: int) -> None:
        for side, number, queue in self.queues(name, lane):
            if queue.seen:
                changed = bytearray(queue.seen[-1])
                changed[place % len(changed)] ^= 1 << bit
                before = side.visible()
                side.crash_in = None
                side.take(number, bytes(changed))
                # Refused, or, when only the body of an opened one differs, taken for it.
                assert side.visible() == before

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
    max_examples=settings().max_examples // 2,
    stateful_step_count=40,
    suppress_health_check=[HealthCheck.too_slow],
)


class TestNudges:
    def test_a_tail_that_every_relay_lost_comes_in_the_end(self) -> None:
        pair = Pair.by_invitation(seed=b"tail")
        pair.connect()
        for text in ("lost by all relays", "after their OK"):
            pair.alice.say(text)
        pair.alice.step()
        for queue in pair.bob.queues.values():
            queue.envelopes.clear()
        pair.settle()
        assert pair.bob.texts == []
        pair.alice.reload()
        pair.clock.advance(FIRST_NUDGE)
        pair.alice.tick()
        pair.settle()
        assert pair.bob.texts == ["lost by all relays", "after their OK"]
        assert stored(pair.alice).nudge.left(pair.clock.now()) is None

    def test_who_is_away_finds_few_copies(self) -> None:
        nudge = Nudge()
        nudge.arm(0.0)
        days = 21 * 86_400
        times = sum(nudge.take(float(second)) for second in range(0, days, 60))
        assert 25 <= times <= 32

    def test_a_clock_that_is_set_back_puts_nothing_off(self) -> None:
        nudge = Nudge()
        nudge.arm(1_000_000_000.0)
        assert nudge.left(0.0) == 0.0


def test_what_is_of_the_moment_is_said_outside_of_the_stream(pair: Pair) -> None:
    pair.settle()
    alice, bob = pair.alice.connection, pair.bob.connection
    before = alice.state.outbox.seq
    sealed = alice.aside(Typing(active=True), [0, 1])
    assert [(one.lane, one.seq) for one in sealed] == [(0, 0), (1, 0)]
    for one in sealed:
        (effect,) = bob.receive(one.lane, one.envelope)
        assert isinstance(effect, do.Aside)
        assert effect.message == Typing(active=True)
        assert effect.frame.seq == 0
        # A repetition of the relay is none of the sender's.
        assert bob.receive(one.lane, one.envelope) == []
    assert alice.state.outbox.seq == before
    assert bob.state.unreceipted == []
