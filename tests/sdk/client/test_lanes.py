"""The driver of lanes that come later; scenarios are in tests/together/test_healing.py."""

from tests.sdk.client.people import Place, introduce, one, take, texts, until

from graphchat import Contact, MessageReceived, RelayFailed
from graphchat.client import codes, lanes
from graphchat.client.apply import Applier
from graphchat.client.engine import Engine
from graphchat.client.lanes import best
from graphchat.client.live import Live


def live_of(engine: Engine, contact: Contact) -> Live:
    return engine.context.lives[contact.row_id]


async def test_a_lane_whose_relay_drops_gives_way_and_both_are_told(place: Place) -> None:
    alice, bob = await place.pair("one", "two", "three")
    hers, his = await introduce(alice.me, bob.me)
    engine = alice.client.engine
    live = live_of(engine, hers)
    peer = live.connection.lanes[1].state.peer
    assert peer is not None

    async def find_out(turn: Applier) -> None:
        live.connection.lanes[1].state.dropped = True
        turn.unit.touch(live, 1)

    await engine.do(find_out)
    told, reported = await one(alice.me, RelayFailed), await one(bob.me, RelayFailed)
    assert (told.relay, told.ours, told.why) == (peer.base, False, "drops")
    assert (reported.relay, reported.ours, reported.contact) == (peer.base, True, his)
    await until(lambda: set(live.connection.lanes) == {0, 16})
    await until(lambda: set(live_of(bob.client.engine, his).connection.lanes) == {0, 16})
    assert peer.base not in hers.relays, "there was a better one"
    assert alice.client.health(engine.context.relays[0]).reported == 0
    await hers.send("by the new lane, too")
    assert (await texts(bob.me, 1)) == ["by the new lane, too"]
    await alice.client.settled()
    await alice.reopen()
    await bob.reopen()
    [again] = await alice.me.contacts()
    await again.send("after a restart")
    assert await take(bob.me, MessageReceived)


async def test_a_new_lane_goes_where_no_other_lane_of_the_connection_is(place: Place) -> None:
    alice, bob = await place.pair("one", "two", "three")
    hers, _ = await introduce(alice.me, bob.me)
    engine = alice.client.engine
    live = live_of(engine, hers)
    used = [lane.state.relay for lane in live.connection.lanes.values()]
    shun = lanes.to_shun(live, None)
    assert set(shun) == set(used)
    assert lanes.to_shun(live, 1) == (used[0],)
    best = lanes.choose(engine.context, live, shun)
    assert best[0].fingerprint not in used
    assert {relay.fingerprint for relay in best[1:]} == set(used), "better than none"


async def test_a_relay_with_faults_comes_last(place: Place) -> None:
    alice, bob = await place.pair("one", "two", "three")
    hers, _ = await introduce(alice.me, bob.me)
    context = alice.client.engine.context

    async def blame(turn: Applier) -> None:
        relay = context.relays[0]
        context.health.blame(turn.unit, relay.fingerprint, relay.base, "drops", ours=True)

    await alice.client.engine.do(blame)
    best = lanes.choose(context, live_of(alice.client.engine, hers), ())
    assert best[-1] == context.relays[0]


async def test_a_new_contact_is_reached_by_the_relays_that_have_done_best(place: Place) -> None:
    alice, _ = await place.pair("one", "two", "three")
    context = alice.client.engine.context
    first, second, third = context.relays
    assert best(context) == [first, second, third]

    async def blame(turn: Applier) -> None:
        context.health.blame(turn.unit, first.fingerprint, first.base, "drops", ours=False)

    await alice.client.engine.do(blame)
    assert best(context) == [second, third, first]
    code = codes.read((await alice.me.invite()).link)
    assert {lane.base for lane in code.lanes} == {second.base, third.base}
    address = codes.read((await alice.me.create_address()).link)
    assert {lane.base for lane in address.lanes} == {second.base, third.base}
