"""Two contacts agree on a chat off the record, whatever the relays do with what they say."""

from dataclasses import dataclass, replace
from typing import final

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec import structs

from graphchat import content
from graphchat.content import OffRecord, OtrAccept, OtrAsk, OtrEnd, Text
from graphchat.core import effects as do, offrecord
from graphchat.core.frame import Kind
from graphchat.core.handshake import Phase, Role
from graphchat.core.lane import LaneState
from graphchat.core.offrecord import Negotiation, Parent
from graphchat.errors import RemoteProtocolError, StateError
from graphchat.ids import ConnectionId, MessageId
from graphchat.secret import Secret
from graphchat.testing.clock import FakeClock
from graphchat.testing.pair import Modes, Pair, card
from graphchat.testing.queues import Network, new_lane

KEY, CID = Secret(b"k" * 32), ConnectionId(b"c" * 16)


@final
@dataclass
class Two:
    """Both sides of a connection, and what it takes to make queues."""

    clock: FakeClock
    network: Network
    alice: Negotiation
    bob: Negotiation

    @classmethod
    def make(cls, seed: bytes = b"") -> "Two":
        clock = FakeClock(seed)
        alice, bob = (Negotiation(Parent(KEY, CID, role), clock) for role in Role)
        return cls(clock, Network(), alice, bob)

    def lanes(self, count: int = 2) -> list[LaneState]:
        return [new_lane(number, self.network, self.clock) for number in range(count)]

    def agree(self, lanes: int = 2, theirs: int = 2) -> None:
        assert self.bob.heard(self.alice.ask(self.lanes(lanes)))
        assert self.alice.heard(self.bob.accept(self.lanes(theirs)))


def test_both_agree_on_the_same_and_can_talk() -> None:
    two = Two.make()
    two.agree()
    ours, theirs = two.alice.state.agreed, two.bob.state.agreed
    assert ours is not None
    assert theirs is not None
    assert (ours.cid, ours.secret, ours.id) == (theirs.cid, theirs.secret, theirs.id)
    alice, _, first = offrecord.begin(ours, card("Alice"), two.clock)
    bob, _, second = offrecord.begin(theirs, card("Bob"), two.clock)
    found: list[do.Effect] = []
    for one, other, effects in ((alice, bob, first), (bob, alice, second)):
        said = one.say(Kind.CONTENT, MessageId(b"m" * 16), content.encode(Text("hello")))
        for effect in [*effects, said]:
            if isinstance(effect, do.Store):
                sealed = one.seal(1, effect.written.seq, effect.written.data, b"")
                assert effect.written.signature == b""
                found = other.receive(1, sealed.envelope)
        assert any(isinstance(each, do.Received) for each in found)
    assert (alice.phase, bob.phase) == (Phase.ESTABLISHED,) * 2


@pytest.mark.parametrize(("mine", "theirs"), [(3, 1), (1, 3)])
def test_lanes_without_a_counterpart_are_given_back(mine: int, theirs: int) -> None:
    two = Two.make()
    two.agree(mine, theirs)
    for side, left in ((two.alice, mine - 1), (two.bob, theirs - 1)):
        assert side.state.agreed is not None
        machine, unused, _ = offrecord.begin(side.state.agreed, card("x"), two.clock)
        assert (len(machine.lanes), len(unused)) == (1, left)
        assert all(lane.state.unsigned for lane in machine.lanes.values())


def test_what_is_offered_names_no_key_that_signs() -> None:
    two = Two.make()
    assert {lane.sender_key for lane in two.alice.ask(two.lanes()).lanes} == {bytes(32)}


def test_who_both_ask_need_no_more_consent() -> None:
    two = Two.make()
    first, second = two.alice.ask(two.lanes()), two.bob.ask(two.lanes())
    two.alice.heard(second)
    two.bob.heard(first)
    assert [two.alice.crossed, two.bob.crossed] == [second.id < first.id, first.id < second.id]
    one, other = (two.alice, two.bob) if two.alice.crossed else (two.bob, two.alice)
    assert other.heard(one.accept(one.state.own_lanes))
    assert one.state.agreed is not None
    assert other.state.agreed is not None
    assert one.state.agreed.secret == other.state.agreed.secret


def test_what_comes_twice_changes_nothing() -> None:
    two = Two.make()
    ask = two.alice.ask(two.lanes())
    assert two.bob.heard(ask)
    assert not two.bob.heard(ask)
    answer = two.bob.accept(two.lanes())
    assert not two.bob.heard(ask)
    assert two.alice.heard(answer)
    assert not two.alice.heard(answer)


def test_who_refuses_is_heard_once() -> None:
    two = Two.make()
    two.bob.heard(two.alice.ask(two.lanes()))
    end = two.bob.end()
    assert end is not None
    assert two.alice.heard(end)
    assert two.alice.state.refused
    assert not two.alice.heard(end)
    with pytest.raises(StateError, match="do not ask any more"):
        two.bob.accept(two.lanes())


def test_an_ask_that_was_taken_back_does_not_come_again() -> None:
    two = Two.make()
    ask = two.alice.ask(two.lanes())
    two.bob.heard(ask)
    end = two.alice.end()
    assert end is not None
    assert two.bob.heard(end)
    assert not two.bob.heard(ask)
    assert two.alice.end() is None


def test_a_new_ask_takes_the_place_of_a_chat_that_is_dead() -> None:
    two = Two.make()
    two.agree()
    fresh = Negotiation(two.alice.parent, two.clock)  # it has crashed, and remembers nothing
    assert two.bob.heard(fresh.ask(two.lanes()))
    with pytest.raises(StateError):
        two.bob.accept(two.lanes())
    two.bob.end()
    assert fresh.heard(two.bob.accept(two.lanes()))


# A man in the middle of it


def test_nobody_without_the_key_of_both_begins_a_chat() -> None:
    two = Two.make()
    mallory = Negotiation(Parent(Secret(b"m" * 32), CID, Role.ALICE), two.clock)
    with pytest.raises(RemoteProtocolError, match="not of the other side"):
        two.bob.heard(mallory.ask(two.lanes()))
    assert two.bob.state.theirs is None


def test_what_one_says_does_not_come_back_as_said_by_the_other() -> None:
    two = Two.make()
    ask = two.alice.ask(two.lanes())
    with pytest.raises(RemoteProtocolError):
        two.alice.heard(ask)
    two.bob.heard(ask)
    answer = two.bob.accept(two.lanes())
    end = two.bob.end()
    assert end is not None
    for mirrored in (OtrAsk(*structs.astuple(answer)), end):
        with pytest.raises(RemoteProtocolError):
            two.bob.heard(mirrored)


@pytest.mark.parametrize("field", ["id", "key", "lanes", "mac"])
def test_no_part_of_an_ask_or_an_answer_can_be_exchanged(field: str) -> None:
    two = Two.make()
    ask = two.alice.ask(two.lanes())
    other = Two.make(b"other").alice.ask(two.lanes())
    with pytest.raises(RemoteProtocolError):
        two.bob.heard(structs.replace(ask, **{field: getattr(other, field)}))
    two.bob.heard(ask)
    answer = two.bob.accept(two.lanes())
    forged = structs.replace(answer, **{field: getattr(other, field)})
    if field == "id":
        assert not two.alice.heard(forged)
    else:
        with pytest.raises(RemoteProtocolError):
            two.alice.heard(forged)
    assert two.alice.state.agreed is None


def test_an_answer_to_an_older_ask_is_nothing() -> None:
    two = Two.make()
    two.bob.heard(two.alice.ask(two.lanes()))
    answer = two.bob.accept(two.lanes())
    two.alice.end()
    two.alice.ask(two.lanes())
    assert not two.alice.heard(answer)


def test_a_key_of_another_parent_fits_no_chat() -> None:
    two = Two.make()
    ask = two.alice.ask(two.lanes())
    bob = Negotiation(replace(two.bob.parent, cid=ConnectionId(b"x" * 16)), two.clock)
    with pytest.raises(RemoteProtocolError):
        bob.heard(ask)


# In the frames of the connection


@pytest.mark.parametrize("modes", [Modes(), Modes(code=True)])
def test_it_travels_unsigned_and_outside_of_every_stream(modes: Modes) -> None:
    pair = Pair.by_invitation(modes=modes).connect()
    before = [side.visible() for side in pair.sides]
    end = OtrEnd(bytes(16), bytes(32))
    [sealed] = pair.alice.connection.unsigned(end, [0])
    [heard] = pair.bob.connection.receive(0, sealed.envelope)
    assert isinstance(heard, do.Aside)
    assert heard.message == end
    # Not a number, a hash, a receipt or a timer has moved.
    assert [side.visible() for side in pair.sides] == before


def test_what_is_signed_begins_no_chat() -> None:
    pair = Pair.by_invitation().connect()
    alice, end = pair.alice.connection, OtrEnd(bytes(16), bytes(32))
    [sealed] = alice._send_outside(end, [0])
    assert pair.bob.connection.receive(0, sealed.envelope) == []
    data, _ = alice.outbox.outside(
        Kind.OFF_RECORD, MessageId(bytes(16)), content.encode(end), alice._now_ms()
    )
    signed = alice.seal(0, 0, data, alice.outbox.sign(b"anything"))
    with pytest.raises(RemoteProtocolError, match="off the record is signed"):
        pair.bob.connection.receive(0, signed.envelope)


def test_nothing_else_comes_unsigned() -> None:
    pair = Pair.by_invitation().connect()
    [sealed] = pair.alice.connection._send_outside(
        content.Typing(active=True), [0], Kind.OFF_RECORD
    )
    assert pair.bob.connection.receive(0, sealed.envelope) == []


def test_both_keep_the_same_key_for_it_and_nobody_else_has_it() -> None:
    pair, other = Pair.by_invitation().connect(), Pair.by_invitation(seed=b"x").connect()
    keys = [side.connection.state.handshake.otr for side in pair.sides]
    assert keys[0] is not None
    assert keys[0] == keys[1]
    assert keys[0] != other.alice.connection.state.handshake.otr


class Chats(RuleBasedStateMachine):
    """Any order of wishes and deliveries; what is said may be lost, doubled, or come late."""

    def __init__(self) -> None:
        super().__init__()
        self.two = Two.make()
        self.sides = [self.two.alice, self.two.bob]
        self.said: list[list[OffRecord]] = [[], []]
        """To each side: all that was ever said, so that any of it may come (again)."""

    @rule(who=st.integers(0, 1))
    def ask(self, who: int) -> None:
        side = self.sides[who]
        if side.state.own is None and side.state.agreed is None:
            self.said[1 - who].append(side.ask(self.two.lanes(1)))

    @rule(who=st.integers(0, 1))
    def accept(self, who: int) -> None:
        side = self.sides[who]
        if side.state.theirs is not None and side.state.agreed is None:
            self.said[1 - who].append(side.accept(self.two.lanes(1)))

    @rule(who=st.integers(0, 1))
    def end(self, who: int) -> None:
        if (end := self.sides[who].end()) is not None:
            self.said[1 - who].append(end)

    @rule(who=st.integers(0, 1), which=st.integers(0, 200))
    def deliver(self, who: int, which: int) -> None:
        if self.said[who]:
            self.sides[who].heard(self.said[who][which % len(self.said[who])])

    @rule(who=st.integers(0, 1), which=st.integers(0, 200))
    def tamper(self, who: int, which: int) -> None:
        if not self.said[who]:
            return
        forged = structs.replace(self.said[who][which % len(self.said[who])], mac=bytes(32))
        side = self.sides[who]
        before = replace(side.state)
        # An answer to nothing is not even looked at.
        if isinstance(forged, OtrAccept) and (
            side.state.own is None or forged.id != side.state.own.id
        ):
            assert not side.heard(forged)
        else:
            with pytest.raises(RemoteProtocolError):
                side.heard(forged)
        assert side.state == before

    @invariant()
    def who_agrees_on_one_chat_agrees_on_its_secret(self) -> None:
        one, other = (side.state.agreed for side in self.sides)
        if one is not None and other is not None and one.cid == other.cid:
            assert one.secret == other.secret
            assert one.asked != other.asked

    @invariant()
    def nobody_asks_and_talks(self) -> None:
        for side in self.sides:
            assert side.state.own is None or side.state.agreed is None

    @invariant()
    def what_has_ended_is_over(self) -> None:
        for side in self.sides:
            for live in (side.state.agreed, side.state.theirs, side.state.own):
                assert live is None or live.id not in side.state.ended


TestChats = Chats.TestCase
TestChats.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
