"""What a client knows when it is opened again."""

import asyncio

from tests.sdk.client.people import PATIENCE, Home, Place, introduce, one, texts, until

from graphchat import ContactEstablished
from graphchat.client import load
from graphchat.client.live import Live
from graphchat.core import record


def machine(live: Live) -> tuple[bytes, ...]:
    """Return everything that is stored of a machine."""
    lanes = [record.dump(lane.snapshot()) for lane in live.connection.lanes.values()]
    return (record.dump(live.connection.state), *lanes)


async def test_a_connection_is_the_same_when_it_is_loaded(
    place: Place, quick_receipts: None
) -> None:
    alice, bob = await place.pair("one", "two")
    hers, _ = await introduce(alice.me, bob.me)
    async with asyncio.timeout(PATIENCE):
        await (await hers.post("hello")).delivered()
    context = alice.client.engine.context

    async def loaded() -> Live:
        found = await context.database.read(
            lambda cursor: load.connection(context, hers.row_id, cursor)
        )
        assert found is not None
        return found

    again = await loaded()
    async with asyncio.timeout(PATIENCE):
        # A receipt by the other lane may be here and not be stored yet.
        while machine(again) != machine(context.lives[hers.row_id]):
            await asyncio.sleep(0.01)
            again = await loaded()
    assert (again.name, again.trust, again.established) == ("Bob", 2, True)
    assert [traffic.waiting for traffic in again.traffic.values()] == [{}, {}]


async def test_envelopes_on_their_way_are_loaded_with_their_ids(place: Place) -> None:
    alice, bob = await place.pair()
    hers, _ = await introduce(alice.me, bob.me)
    await place.relays["one"].kill()
    await until(lambda: not alice.client.engine.links.entries[0].up)
    await hers.post("before the relay is seen to be away")
    before = alice.client.engine.context.lives[hers.row_id].traffic[0].waiting.copy()
    await alice.reopen()
    [hers] = await alice.me.contacts()
    assert alice.client.engine.context.lives[hers.row_id].traffic[0].waiting == before
    await place.relays["one"].start()
    assert await texts(bob.me, 1) == ["before the relay is seen to be away"]


async def test_nothing_is_loaded_that_is_not_needed(
    alice: Home, bob: Home, quick_receipts: None
) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    await one(alice.me, ContactEstablished)
    async with asyncio.timeout(PATIENCE):
        await alice.client.settled()
        await (await hers.send("hello")).delivered()
        await one(bob.me, ContactEstablished)
    await alice.reopen()
    assert alice.client.engine.context.lives == {}
    assert len(alice.client.engine.context.routes) == 1
