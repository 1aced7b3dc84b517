"""Messages while relays refuse, die and return."""

import asyncio
from dataclasses import dataclass, field
from typing import cast

import pytest
from tests.sdk.client.people import (
    PATIENCE,
    Home,
    Place,
    introduce,
    nothing_more,
    one,
    texts,
    until,
)

from graphchat import Contact, ContactEstablished
from graphchat.client.live import Live
from graphchat.crypto.keys import SigningKey
from graphchat.errors import UnauthorizedError
from graphchat.ids import QueueId
from graphchat.testing.proxy import FaultProxy
from graphchat.transport.ports import Link
from graphchat.wire.limits import QUOTA_MESSAGES
from graphchat.wire.uri import RelayAddress


def live_of(home: Home, contact: Contact) -> Live:
    return home.client.engine.context.lives[contact.row_id]


def idle(home: Home, contact: Contact) -> bool:
    """Tell whether every lane has carried every frame, or a receipt covers it."""
    live = live_of(home, contact)
    outbox = live.connection.state.outbox
    return all(
        not traffic.waiting and max(lane.state.sealed, outbox.covered) == outbox.seq
        for traffic, lane in zip(
            live.traffic.values(), live.connection.lanes.values(), strict=True
        )
    )


@pytest.mark.parametrize("relays", [("one",), ("one", "two")])
async def test_more_than_a_queue_holds_waits_for_its_recipient(
    place: Place, relays: tuple[str, ...]
) -> None:
    alice, bob = await place.pair(*relays)
    hers, _ = await introduce(alice.me, bob.me)
    await one(bob.me, ContactEstablished)
    await bob.close()
    said = [str(number) for number in range(QUOTA_MESSAGES + 100)]
    receipts = [await hers.post(text) for text in said]
    async with asyncio.timeout(PATIENCE):
        await receipts[QUOTA_MESSAGES - 32].sent()
    # The relays refuse now; nothing is lost by a restart in that state.
    await until(lambda: any(traffic.retry_at for traffic in live_of(alice, hers).traffic.values()))
    assert receipts[-1].state == "queued"
    await alice.reopen()
    await bob.reopen()
    assert await texts(bob.me, len(said)) == said
    await nothing_more(bob.me)
    [hers] = await alice.me.contacts()
    await until(lambda: idle(alice, hers))


async def test_without_relays_messages_wait(place: Place) -> None:
    alice, bob = await place.pair("one", "two")
    hers, _ = await introduce(alice.me, bob.me)
    for relay in place.relays.values():
        await relay.kill()
    first = await hers.post("first")
    second = await hers.send("second", timeout=0.2)
    assert {first.state, second.state} == {"queued"}
    await alice.reopen()
    [hers] = await alice.me.contacts()
    await hers.post("third")
    for relay in place.relays.values():
        await relay.start()
    assert await texts(bob.me, 3) == ["first", "second", "third"]


async def test_messages_go_on_when_one_of_two_relays_dies(
    place: Place, quick_receipts: None
) -> None:
    alice, bob = await place.pair("one", "two")
    hers, his = await introduce(alice.me, bob.me)
    await hers.post("both")
    assert await texts(bob.me, 1) == ["both"]
    await place.relays["two"].kill()
    for number in range(40):
        await hers.post(f"to Bob {number}")
        await his.post(f"to Alice {number}")
    assert await texts(bob.me, 40) == [f"to Bob {number}" for number in range(40)]
    assert await texts(alice.me, 40) == [f"to Alice {number}" for number in range(40)]
    receipt = await hers.post("delivered by one")
    async with asyncio.timeout(PATIENCE):
        await receipt.delivered()
    await place.relays["two"].start()
    await hers.post("both again")
    assert await texts(bob.me, 2) == ["delivered by one", "both again"]
    await until(lambda: idle(alice, hers) and idle(bob, his))
    await nothing_more(bob.me)
    await nothing_more(alice.me)
    await place.relays["one"].kill()
    await his.post("by the other")
    assert await texts(alice.me, 1) == ["by the other"]


async def test_lanes_finish_in_the_background(place: Place, quick_receipts: None) -> None:
    """The relay that was dead at first carries what the other has carried long ago."""
    alice, bob = await place.pair("one", "two")
    invitation = await alice.me.invite()
    await place.relays["two"].kill()
    his = await bob.me.connect(invitation.link)
    async with asyncio.timeout(PATIENCE):
        hers = await invitation.contact()
        await his.established()
    await hers.post("by one lane")
    assert await texts(bob.me, 1) == ["by one lane"]
    await place.relays["two"].start()
    async with asyncio.timeout(PATIENCE):
        await bob.client.settled()
    # His lane to that relay begins when the relay has the first envelope of it.
    await until(lambda: idle(bob, his))
    await place.relays["one"].kill()
    await his.post("by the other lane")
    assert await texts(alice.me, 1) == ["by the other lane"]


async def test_an_invitation_is_made_with_the_relays_that_live(place: Place) -> None:
    alice, bob = await place.pair("one", "two")
    await place.relays["one"].kill()
    hers, his = await introduce(alice.me, bob.me)
    assert len(hers.relays) == len(his.relays) == 1
    await hers.send("hello")
    assert await texts(bob.me, 1) == ["hello"]


async def test_everybody_has_relays_of_their_own(place: Place) -> None:
    relays = [await place.relay(name) for name in ("one", "two", "three")]
    alice = await place.home("Alice", relays[:2])
    bob = await place.home("Bob", relays[2:])
    hers, his = await introduce(alice.me, bob.me)
    assert set(his.relays) == {RelayAddress.parse(relay.uri).base for relay in relays[:2]}
    assert set(hers.relays) == {RelayAddress.parse(relays[2].uri).base}
    await relays[1].kill()
    await his.post("hello")
    assert await texts(alice.me, 1) == ["hello"]
    await hers.post("hello yourself")
    assert await texts(bob.me, 1) == ["hello yourself"]


async def test_a_network_that_cuts_all_the_time_loses_nothing(
    place: Place, quick_receipts: None
) -> None:
    relay = await place.relay("one")
    async with FaultProxy(RelayAddress.parse(relay.uri)) as proxy:
        alice = await place.home("Alice", [relay])
        bob = await place.home("Bob", [])
        await bob.client.add_relay(proxy.relay.text)
        hers, his = await introduce(alice.me, bob.me)

        async def cut() -> None:
            for _ in range(6):
                await asyncio.sleep(0.15)
                proxy.cut()

        cutting = asyncio.create_task(cut())
        said = [str(number) for number in range(60)]
        for text in said:
            await hers.post(text)
            await his.post(text)
            await asyncio.sleep(0.01)
        assert await texts(bob.me, 60) == said
        assert await texts(alice.me, 60) == said
        await cutting
        await nothing_more(bob.me)
        await bob.close()


@dataclass
class Held:
    """A socket that keeps what it is given; the test answers in place of the relay."""

    link: Link
    tags: list[int] = field(default_factory=list[int])

    @property
    def connected(self) -> bool:
        return self.link.connected

    def send(
        self, sender: QueueId, key: SigningKey | None, envelope: bytes, tag: int, request_id: str
    ) -> None:
        self.tags.append(tag)


async def test_what_was_refused_leaves_when_the_relay_takes_something_else(
    alice: Home, bob: Home, quick_receipts: None
) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    # No receipt is owed that would set things going again.
    await until(lambda: idle(alice, hers) and live_of(alice, hers).connection.due is None)
    [entry] = alice.client.engine.links.entries
    link, held = entry.link, Held(entry.link)
    entry.link = cast(Link, held)
    await hers.post("refused")
    await hers.post("taken")
    await until(lambda: len(held.tags) == 2)
    refused, taken = held.tags
    alice.client.engine.answer(refused, UnauthorizedError())
    await until(lambda: live_of(alice, hers).traffic[0].retry_at > 0)
    entry.link = link
    alice.client.engine.answer(taken, None)
    assert await texts(bob.me, 1) == ["refused"]
