"""Lanes that are replaced: a relay that drops, an old lane, a broken one, and crashes."""

import pytest

from graphchat.content import LaneAdd, LaneRemove, Text, decode, encode
from graphchat.core import effects as do, frame as frames
from graphchat.core.connection import RETRY
from graphchat.core.doubt import DAY, Schedule
from graphchat.core.frame import Kind
from graphchat.errors import RemoteProtocolError
from graphchat.testing.pair import Pair
from graphchat.testing.side import Side

DOUBT = Schedule().doubt


def talk(pair: Pair, rounds: int = 4, pause: float = DOUBT / 2) -> list[str]:
    """Let both say something, now and then; return what Alice said."""
    texts = []
    for number in range(rounds):
        text = f"a{pair.clock.monotonic()}-{number}"
        pair.alice.say(text)
        pair.bob.say(f"b{number}")
        texts.append(text)
        pair.settle()
        pair.clock.advance(pause)
        turn(pair)
    return texts


def said(side: Side) -> list[str]:
    """Return the texts that a side has said and stored; a crash may take one before that."""
    payloads = [frames.decode(written.data).payload for written in side.disk.said]
    messages = map(decode, payloads)
    return [message.text for message in messages if isinstance(message, Text)]


def turn(pair: Pair) -> None:
    """Let both look whether a lane is to be replaced, and finish what follows from it."""
    for side in pair.sides:
        side.tick()
    pair.settle()


def with_a_new_lane_of_alice(*said_by_bob: str) -> Pair:
    """Return a pair in which Alice can send by lane 16, of which Bob has not heard yet."""
    pair = Pair.by_invitation().connect()
    talk(pair, 1)
    pair.alice.connection.lanes[1].state.dropped = True
    pair.alice.tick()
    for side in (pair.alice, pair.bob):
        side.work()
    pair.alice.send(0)
    while pair.bob.queues[0].envelopes:
        pair.bob.receive(0)
    pair.bob.work()
    for text in said_by_bob:
        pair.bob.say(text)
    pair.bob.send(0)
    while pair.alice.queues[0].envelopes:
        pair.alice.receive(0)
    return pair


def numbers(side: Side) -> set[int]:
    return set(side.connection.lanes)


def test_a_relay_that_says_ok_and_drops_is_replaced_and_named() -> None:
    pair = Pair.by_invitation().connect()
    talk(pair, 1)
    dropping = pair.bob.queues[1]
    dropping.swallows = True
    last = talk(pair, 6)
    assert 1 not in numbers(pair.alice)
    assert numbers(pair.alice) == numbers(pair.bob) == {0, 16}
    assert pair.alice.disk.blamed == [(do.Blame, 1)]
    assert pair.bob.disk.blamed == [(do.Blamed, 1)]
    assert pair.bob.texts[-6:] == last
    assert all(queue in pair.network.queues.values() for queue in pair.queues)
    assert dropping not in pair.network.queues.values(), "the queue that is of no use is deleted"


def test_a_relay_that_is_only_slow_is_not_replaced() -> None:
    pair = Pair.by_invitation().connect()
    slow = pair.bob.queues[1]
    late: list[bytes] = []
    for _ in range(6):
        pair.alice.say("hello")
        pair.alice.step()
        late, slow.envelopes = [*late, *slow.envelopes], []
        pair.settle()
        pair.clock.advance(DOUBT / 3)
        slow.envelopes, late = [*late, *slow.envelopes], []
        pair.settle()
        turn(pair)
    assert numbers(pair.alice) == {0, 1}
    assert pair.alice.disk.blamed == []


def test_one_envelope_that_never_comes_is_noticed_although_later_ones_come() -> None:
    pair = Pair.by_invitation().connect()
    talk(pair, 1)
    pair.alice.say("lost by one relay")
    pair.alice.step()
    pair.bob.queues[0].envelopes.clear()
    last = talk(pair, 6)
    assert numbers(pair.alice) == {1, 16}
    assert pair.bob.texts[-7:] == ["lost by one relay", *last]


def test_old_lanes_are_replaced_one_after_the_other_and_nothing_is_lost() -> None:
    pair = Pair.by_invitation().connect()
    for _ in range(4):
        pair.clock.advance(2.5 * DAY)
        turn(pair)
        talk(pair, 2, pause=DAY / 4)
        turn(pair)
    assert not numbers(pair.alice) & {0, 1}
    assert numbers(pair.alice) == numbers(pair.bob)
    assert len(numbers(pair.alice)) == 2
    assert len(pair.queues) == len(pair.network.queues) == 4, "old queues are deleted"
    assert len(pair.bob.texts) == 8


def test_a_lane_that_opens_nothing_any_more_is_replaced() -> None:
    pair = Pair.by_invitation().connect()
    talk(pair, 1)
    for _ in range(3):
        pair.bob.take(1, bytes(4608))
    turn(pair)
    talk(pair, 2)
    assert 1 not in numbers(pair.bob)
    assert numbers(pair.alice) == numbers(pair.bob)
    assert len(numbers(pair.bob)) == 2


def test_who_is_alone_with_one_bad_lane_loses_nothing() -> None:
    pair = Pair.by_invitation(lanes=1, bob_lanes=1).connect()
    with pytest.raises(RemoteProtocolError, match="last lane"):
        pair.alice.connection.rotation.removed(0)
    assert numbers(pair.alice) == {0}


def test_both_want_the_same_lane_replaced_and_only_one_comes() -> None:
    pair = Pair.by_invitation().connect()
    talk(pair, 1)
    for side in pair.sides:
        side.connection.lanes[1].state.dropped = True
    turn(pair)
    talk(pair, 3)
    assert numbers(pair.alice) == numbers(pair.bob) == {0, 16}


def test_a_new_lane_that_does_not_come_about_is_given_up_and_tried_again_later() -> None:
    pair = Pair.by_invitation().connect()
    talk(pair, 1)
    pair.alice.connection.lanes[1].state.dropped = True
    pair.alice.tick()
    pair.alice.work()
    # The relay of the new lane says OK and drops.
    pair.alice.queues[16].swallows = True
    pair.settle()
    assert 16 in numbers(pair.alice)
    pair.clock.advance(Schedule().give_up)
    turn(pair)
    assert 16 not in numbers(pair.alice) | numbers(pair.bob)
    assert 1 in numbers(pair.alice), "the old one stays until another works"
    pair.clock.advance(Schedule().give_up)
    turn(pair)
    talk(pair, 2)
    assert numbers(pair.alice) == numbers(pair.bob) == {0, 18}


@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.slow), 7])
@pytest.mark.parametrize("who", ["alice", "bob"])
def test_a_crash_at_any_boundary_of_a_replacement_does_no_harm(who: str, step: int) -> None:
    for boundary in range(0, 200, step):
        pair = Pair.by_invitation().connect()
        talk(pair, 1)
        pair.alice.connection.lanes[1].state.dropped = True
        side: Side = getattr(pair, who)
        side.crash_in = boundary
        pair.alice.tick()
        # A crash before the commit forgets the wish; the doubt comes again.
        if 1 in pair.alice.connection.lanes:
            pair.alice.connection.lanes[1].state.dropped = True
        talk(pair, 3)
        assert numbers(pair.alice) == numbers(pair.bob) == {0, 16}
        assert pair.bob.texts == said(pair.alice)
        assert pair.alice.texts == said(pair.bob)
        assert len(pair.network.queues) - len(pair.queues) <= side.crashes, "one may be orphaned"
        if side.crash_in is not None:
            return
    pytest.fail("there are more boundaries than expected")


@pytest.mark.parametrize(
    ("number", "replaces"),
    [(16, 1), (1, None), (2**53, None), (3, None)],
    ids=["alice's number", "a lane that is there", "alice's, large", "below"],
)
def test_a_number_that_is_not_theirs_to_give_is_refused(number: int, replaces: int | None) -> None:
    pair = Pair.by_invitation().connect()
    offer = pair.bob.connection.lanes[0].state.peer
    assert offer is not None
    before = pair.alice.visible()
    with pytest.raises(RemoteProtocolError, match="not free"):
        pair.alice.connection.rotation.offered(LaneAdd(number, offer, bytes(32), "more", replaces))
    assert pair.alice.visible() == before


def test_lanes_are_bounded_and_a_lane_too_many_is_refused() -> None:
    pair = Pair.by_invitation().connect()
    offer = pair.bob.connection.lanes[0].state.peer
    assert offer is not None
    for number in range(17, 17 + 2 * 40, 2):
        pair.bob.write(Kind.CONTROL, encode(LaneAdd(number, offer, bytes(32), "more")))
        pair.settle()
    assert len(pair.alice.connection.lanes) <= 8
    assert pair.alice.connection.state.rotation.joining == {}


def test_removing_what_is_not_there_changes_nothing() -> None:
    pair = Pair.by_invitation().connect()
    pair.bob.write(Kind.CONTROL, encode(LaneRemove(77)))
    pair.bob.write(Kind.CONTENT, encode(Text("still here")))
    pair.settle()
    assert numbers(pair.alice) == {0, 1}
    assert pair.alice.texts == ["still here"]


def test_a_refused_frame_that_is_the_first_by_a_new_lane_costs_no_frame_of_ours() -> None:
    pair = with_a_new_lane_of_alice()
    assert pair.alice.connection.lanes[16].started
    bob, before = pair.bob.connection, pair.alice.visible()
    bob.lanes[16].state.hold = 0
    rubbish = bob.lanes[16].seal(bob.cid, 0, b"no frame", b"s" * 64, pair.clock)
    pair.alice.take(16, rubbish)
    assert pair.alice.refused
    assert pair.alice.visible() == before
    bob.lanes[16].state.hold = bob.state.outbox.seq
    talk(pair, 3)
    assert numbers(pair.alice) == numbers(pair.bob) == {0, 16}
    assert pair.bob.texts == said(pair.alice)


def test_a_lane_that_is_due_while_nothing_can_be_sent_is_looked_at_again_later() -> None:
    pair = Pair.by_invitation().connect()
    pair.clock.advance(30 * DAY)
    machine, now = pair.alice.connection, pair.clock.monotonic()
    assert machine.lanes_due == now
    machine.tick([])
    assert machine.lanes_due == now + RETRY
    machine.tick([*machine.lanes])
    assert machine.state.rotation.adding is not None


def test_a_receipt_that_is_due_leaves_although_a_new_lane_is_given_up_at_that_moment() -> None:
    pair = with_a_new_lane_of_alice("before the end")
    machine = pair.alice.connection
    assert machine.lanes[16].can_send
    assert machine.receipts.due is not None
    pair.clock.advance(Schedule().give_up)
    effects = machine.tick([number for number, lane in machine.lanes.items() if lane.can_send])
    assert 16 not in machine.lanes
    assert {effect.lane for effect in effects if isinstance(effect, do.Sealed)} == {0, 1}
