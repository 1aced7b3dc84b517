"""One lane takes what is said; the others wait for their turn, and no message waits for long."""

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st
from tests.sdk.client.people import Home, Place, introduce, texts, until

from graphchat import Contact, Policy
from graphchat.client import hedging
from graphchat.client.hedging import NO_OK, NO_RECEIPT, Watch, ranks
from graphchat.client.live import Live
from graphchat.testing.pair import Pair

THREE = Policy("hedge", 3)


def test_the_first_lane_takes_everything_at_once() -> None:
    assert Watch().limit(0, 1, 9, 0.0) == 9


def test_the_next_lane_takes_what_no_relay_has_confirmed_in_time() -> None:
    watch = Watch()
    watch.wrote(1, 0.0)
    watch.wrote(2, 1.0)
    assert watch.limit(1, 1, 2, NO_OK - 0.1) == 0
    assert watch.limit(1, 1, 2, NO_OK) == 1
    assert watch.limit(1, 1, 2, NO_OK + 1) == 2
    assert watch.limit(2, 1, 2, NO_OK + 1) == 0, "the lane behind it has twice the time"
    assert watch.limit(2, 1, 2, 2 * NO_OK) == 1


def test_what_a_relay_has_confirmed_waits_for_a_receipt() -> None:
    watch = Watch()
    watch.wrote(1, 0.0)
    watch.took(1)
    assert watch.limit(1, 1, 1, NO_RECEIPT - 0.1) == 0
    assert watch.limit(1, 1, 1, NO_RECEIPT) == 1
    watch.covered(1)
    assert watch.waits == {}


def test_what_is_not_watched_any_more_has_waited_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hedging, "WATCHED", 2)
    watch = Watch()
    for seq in (1, 2, 3):
        watch.wrote(seq, 0.0)
    assert watch.limit(1, 1, 3, 0.0) == 1
    assert Watch().limit(1, 1, 3, 0.0) == 3, "after a restart"


@given(st.lists(st.floats(0, 100), min_size=1, max_size=8), st.integers(0, 7), st.integers(1, 3))
def test_a_turn_comes_when_it_was_said_to(pauses: list[float], taken: int, rank: int) -> None:
    watch, now = Watch(), 0.0
    for seq, pause in enumerate(pauses, 1):
        now += pause
        watch.wrote(seq, now)
    watch.took(1 + taken % len(pauses))
    before = watch.limit(rank, 1, len(pauses), now)
    while (turn := watch.next({5: rank}, {5: before}, now)) is not None:
        assert watch.limit(rank, 1, len(pauses), (now + turn) / 2) >= before
        after = watch.limit(rank, 1, len(pauses), turn)
        assert after > before
        before, now = after, turn
    assert watch.limit(rank, 1, len(pauses), now + 1e6) == len(pauses)


def test_a_turn_that_came_while_nobody_looked_is_not_missed() -> None:
    watch = Watch()
    watch.wrote(1, 0.0)
    assert watch.next({5: 1}, {5: 0}, NO_OK + 1) == NO_OK + 1
    assert watch.next({5: 1}, {5: 1}, NO_OK + 1) is None


def test_lanes_in_doubt_come_last() -> None:
    lanes = Pair.by_invitation(3, 3).connect().alice.connection.lanes
    first = min(ranks(lanes, [0, 1, 2]), key=lambda number: ranks(lanes, [0, 1, 2])[number])
    lanes[first].state.doubt_since = 1.0
    found = ranks(lanes, [0, 1, 2])
    assert found[first] == 2
    assert sorted(found.values()) == [0, 1, 2]


# Over relays


def live_of(home: Home, contact: Contact) -> Live:
    return home.client.engine.context.lives[contact.row_id]


async def hedged(place: Place) -> tuple[Home, Home, Contact, Contact]:
    alice, bob = await place.pair("one", "two", "three")
    for home in (alice, bob):
        await home.client.set_policy(THREE)
    hers, his = await introduce(alice.me, bob.me)
    assert hers.policy == his.policy == "hedge"
    assert len(hers.relays) == 3
    return alice, bob, hers, his


@pytest.mark.usefixtures("quick_receipts")
async def test_a_message_goes_by_one_relay(place: Place) -> None:
    alice, bob, hers, _ = await hedged(place)
    await (await hers.send("first")).delivered()
    live = live_of(alice, hers)
    before = {number: lane.state.sealed for number, lane in live.connection.lanes.items()}
    for text in ("one", "two", "three"):
        await (await hers.send(text)).delivered()
    after = {number: lane.state.sealed for number, lane in live.connection.lanes.items()}
    assert sum(after[number] > before[number] for number in after) == 1
    assert await texts(bob.me, 4) == ["first", "one", "two", "three"]


async def test_another_relay_has_its_turn_when_the_first_one_is_gone(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hedging, "NO_OK", 0.2)
    alice, bob, hers, _ = await hedged(place)
    await hers.flushed()
    live = live_of(alice, hers)
    lanes = live.connection.lanes
    turns = sorted(ranks(lanes, [*lanes]).items(), key=lambda each: each[1])
    first = live.lane_relay(turns[0][0])
    assert first is not None
    name = next(name for name, each in place.relays.items() if each.uri.startswith(first.base))
    await place.relays[name].kill()
    said = [str(number) for number in range(5)]
    for text in said:
        await hers.post(text)
    assert await texts(bob.me, 5) == said


@pytest.mark.usefixtures("quick_receipts")
async def test_a_relay_that_keeps_what_it_confirmed_is_passed_by(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hedging, "NO_RECEIPT", 0.3)
    alice, bob, hers, _ = await hedged(place)
    await (await hers.send("first")).delivered()
    assert await texts(bob.me, 1) == ["first"]
    engine = bob.client.engine
    lanes = live_of(alice, hers).connection.lanes
    first = min(ranks(lanes, [*lanes]).items(), key=lambda each: each[1])[0]
    # Bob does not listen at the queue of the lane that has the first turn.
    peer, own = lanes[first].state.peer, live_of(bob, (await bob.me.contacts())[0])
    assert peer is not None
    [queue] = [
        lane.state
        for lane in own.connection.lanes.values()
        if lane.state.sender_id == peer.sender_id
    ]
    relay = live_of(alice, hers).lane_relay(first)
    assert relay is not None
    engine.links.forget(own.profile, relay, queue.recipient_id)
    said = ["one", "two"]
    receipts = [await hers.send(text) for text in said]
    assert await texts(bob.me, 2) == said
    await receipts[-1].delivered()
    await until(lambda: not live_of(alice, hers).watch.waits)


async def test_auto_hedges_from_three_lanes_on(place: Place) -> None:
    alice, bob = await place.pair("one", "two", "three")
    hers, his = await introduce(alice.me, bob.me)
    assert (hers.policy, len(hers.relays)) == ("all", 2)
    await hers.set_policy("hedge")
    assert (hers.policy, his.policy) == ("hedge", "all")
    await alice.reopen()
    [hers] = await alice.me.contacts()
    assert hers.policy == "hedge"
    await hers.set_policy("")
    assert hers.policy == "all"


def test_every_connection_has_an_order_of_its_own() -> None:
    orders = set()
    for seed in (b"1", b"2", b"3", b"4", b"5", b"6"):
        lanes = Pair.by_invitation(3, 3, seed).connect().alice.connection.lanes
        orders.add(tuple(ranks(lanes, [0, 1, 2]).items()))
    assert len(orders) > 1
    assert all(one != other for one, other in pairwise(sorted(orders)))
