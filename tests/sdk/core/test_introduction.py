"""Two people meet by contacts who may lie: either both have one secret, or somebody is named."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec.structs import replace

from graphchat.content import IntroAsk, IntroOffer
from graphchat.content.introduction import MAX_WAYS
from graphchat.core import introduction
from graphchat.core.handshake import Role
from graphchat.core.introduction import Forwarding, Meeting, Met, Odd, Waiting
from graphchat.crypto.keys import AgreementKey
from graphchat.errors import StateError
from graphchat.testing.clock import FakeClock
from graphchat.testing.pair import card
from graphchat.testing.queues import Network, new_lane

Change = Callable[[IntroOffer], IntroOffer]
CLOCK, NETWORK = FakeClock(), Network()
EVIL = AgreementKey.generate(CLOCK).public


def waiting(name: str, ways: int, first: int = 0) -> Meeting:
    """Return what somebody is asked, by contacts 1, 2 and so on."""
    found = [
        introduction.asked(IntroAsk(bytes([way]) * 16, card(name)), 1, way, 0.0)
        for way in range(first + 1, first + ways + 1)
    ]
    return introduction.joined(found[0], found[1:])


def yes(meeting: Meeting) -> Meeting:
    return introduction.accepted(meeting, [new_lane(0, NETWORK, CLOCK)], CLOCK)


def pass_on(sender: Meeting, receiver: Meeting, lies: dict[int, Change] | None = None) -> Meeting:
    for connection, offer in introduction.offers(sender):
        change = (lies or {}).get(connection)
        said = offer if change is None else change(offer)
        receiver = introduction.heard(receiver, connection, said)
    return receiver


def both(ways: int, lies: dict[int, Change] | None = None) -> tuple[object, object]:
    """Have both say yes, and return what each makes of it; ``lies`` is told to Bob."""
    alice, bob = yes(waiting("Bob", ways)), yes(waiting("Alice", ways))
    heard = pass_on(bob, alice), pass_on(alice, bob, lies)
    return introduction.outcome(heard[0]), introduction.outcome(heard[1])


@given(st.integers(1, MAX_WAYS))
@settings(max_examples=8, deadline=None)
def test_two_who_say_yes_have_one_secret_and_two_roles(ways: int) -> None:
    hers, his = both(ways)
    assert isinstance(hers, Met)
    assert isinstance(his, Met)
    assert {hers.role, his.role} == set(Role)
    assert (hers.id, hers.psk, hers.key, hers.lanes) == (his.id, his.psk, his.key, his.lanes)
    assert {hers.theirs, his.theirs} >= {hers.key}


def lie(**changes: object) -> Change:
    return lambda offer: replace(offer, **changes)


def other_lanes(offer: IntroOffer) -> IntroOffer:
    return replace(offer, lanes=(replace(offer.lanes[0], sender_id=bytes(18)),))


LIES: dict[str, Change] = {
    "key": lie(key=EVIL),
    "lanes": other_lanes,
    "ratchet": lambda each: replace(each, lanes=(replace(each.lanes[0], ratchet_key=EVIL),)),
    "fewer": lie(ways=1),
    "more": lie(ways=8),
}


@pytest.mark.parametrize("what", LIES)
def test_of_two_who_differ_both_are_named_and_nothing_begins(what: str) -> None:
    _, his = both(2, {1: LIES[what]})
    assert his == Odd((1, 2))


@pytest.mark.parametrize("what", LIES)
@pytest.mark.parametrize("ways", [3, 5])
def test_of_more_the_odd_one_is_named(what: str, ways: int) -> None:
    _, his = both(ways, {2: LIES[what]})
    assert his == Odd((2,))


def test_who_changes_a_share_only_prevents_that_they_meet() -> None:
    hers, his = both(2, {1: lie(share=bytes(32))})
    assert isinstance(hers, Met)
    assert isinstance(his, Met)
    assert hers.psk != his.psk


def test_all_but_one_who_lie_together_do_not_learn_the_secret() -> None:
    """They know every share but those of one way, and every public key."""
    alice, bob = yes(waiting("Bob", 3)), yes(waiting("Alice", 3))
    true = introduction.outcome(pass_on(bob, alice))
    assert isinstance(true, Met)
    for honest in range(3):
        guess = [
            replace(w, share=bytes(32)) if n == honest else w for n, w in enumerate(alice.ways)
        ]
        known = pass_on(bob, replace(alice, ways=tuple(guess)), {honest + 1: lie(share=bytes(32))})
        found = introduction.outcome(known)
        assert isinstance(found, Met)
        assert found.psk != true.psk


def test_one_alone_can_stand_in_the_middle() -> None:
    """What the threat model says he *can*: there is nothing to compare with."""
    alice, mallory = yes(waiting("Bob", 1)), yes(waiting("Alice", 1))
    with_mallory = introduction.outcome(pass_on(mallory, alice))
    assert isinstance(with_mallory, Met)
    assert with_mallory == introduction.outcome(pass_on(mallory, alice))
    his = introduction.outcome(pass_on(alice, mallory))
    assert isinstance(his, Met)
    assert his.psk == with_mallory.psk


def test_who_says_two_things_by_one_way_is_odd() -> None:
    alice, bob = yes(waiting("Bob", 1)), yes(waiting("Alice", 1))
    bob = pass_on(alice, pass_on(alice, bob))
    assert isinstance(introduction.outcome(bob), Met)
    assert introduction.outcome(pass_on(alice, bob, {1: lie(key=EVIL)})) == Odd((1,))


def test_who_sends_our_own_offer_back_is_odd() -> None:
    alice = yes(waiting("Bob", 1))
    assert introduction.outcome(pass_on(alice, alice)) == Odd((1,))


def test_two_who_counted_differently_do_not_meet() -> None:
    alice, bob = yes(waiting("Bob", 2)), yes(waiting("Alice", 1))
    assert introduction.outcome(pass_on(alice, bob)) == Odd((1,))
    hers = pass_on(bob, alice)
    assert introduction.outcome(hers) == Waiting()
    assert introduction.outcome(hers, final=True) == Odd((1,))


def test_what_differs_waits_for_those_who_show_who_is_odd() -> None:
    alice, bob = yes(waiting("Bob", 3)), yes(waiting("Alice", 3))
    for connection, offer in introduction.offers(alice)[:2]:
        said = lie(key=EVIL)(offer) if connection == 1 else offer
        bob = introduction.heard(bob, connection, said)
    assert introduction.outcome(bob) == Waiting()
    assert introduction.outcome(bob, final=True) == Odd((1, 2))
    assert introduction.outcome(pass_on(alice, bob)) == Odd((1,))


def test_an_offer_counts_only_by_the_way_that_it_is_for() -> None:
    alice, bob = yes(waiting("Bob", 2)), yes(waiting("Alice", 2))
    (_, first), (_, second) = introduction.offers(alice)
    swapped = introduction.heard(introduction.heard(bob, 1, second), 2, first)
    assert swapped == bob
    assert introduction.heard(bob, 99, first) == bob


def test_a_yes_is_said_once_and_by_different_contacts() -> None:
    alice = waiting("Bob", 2)
    with pytest.raises(StateError, match="answered already"):
        introduction.accepted(yes(alice), [], CLOCK)
    with pytest.raises(StateError, match="different contacts"):
        introduction.joined(alice, [waiting("Bob", 1)])
    with pytest.raises(StateError, match="answered already"):
        introduction.joined(yes(alice), [waiting("Bob", 1, first=5)])
    with pytest.raises(StateError, match="at most 8"):
        introduction.joined(alice, [waiting("Bob", 7, first=5)])
    assert introduction.outcome(alice) == Waiting()


def test_an_introducer_passes_on_one_yes_of_each() -> None:
    between = Forwarding(1, bytes(16), 0.0, (7, 8))
    found = introduction.passed_on(between, 8)
    assert found is not None
    between, to = found
    assert to == 7
    assert introduction.passed_on(between, 8) is None
    assert introduction.passed_on(between, 9) is None
    found = introduction.passed_on(between, 7)
    assert found is not None
    assert found[1] == 8


class Introductions(RuleBasedStateMachine):
    """Three introducers, of whom the first may lie as often as he likes, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.sides = [waiting("Bob", 3), waiting("Alice", 3)]
        self.lied = False

    @rule(who=st.integers(0, 1))
    def accept(self, who: int) -> None:
        if self.sides[who].key is None:
            self.sides[who] = yes(self.sides[who])

    @rule(who=st.integers(0, 1), way=st.integers(0, 2))
    def forward(self, who: int, way: int) -> None:
        if self.sides[who].key is not None:
            connection, offer = introduction.offers(self.sides[who])[way]
            self.sides[1 - who] = introduction.heard(self.sides[1 - who], connection, offer)

    @rule(who=st.integers(0, 1), what=st.sampled_from(sorted(LIES)))
    def betray(self, who: int, what: str) -> None:
        if self.sides[who].key is not None:
            connection, offer = introduction.offers(self.sides[who])[0]
            lied = LIES[what](offer)
            self.sides[1 - who] = introduction.heard(self.sides[1 - who], connection, lied)
            self.lied = True

    @invariant()
    def nobody_honest_is_named_and_nobody_meets_somebody_else(self) -> None:
        for own, other in (self.sides, self.sides[::-1]):
            found = introduction.outcome(own)
            if isinstance(found, Odd):
                assert self.lied
                assert found.connections == (1,)
            if isinstance(found, Met):
                assert other.key is not None
                assert found.theirs == AgreementKey(other.key).public


TestIntroductions = Introductions.TestCase
TestIntroductions.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
