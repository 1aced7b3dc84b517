"""Handshakes and deletions at relays that are away, full or busy."""

import asyncio

import pytest
from tests.sdk.client.crashing import Fuse, die, fuse_up
from tests.sdk.client.people import PATIENCE, Home, Place, introduce, one, texts, until

from graphchat import ContactFailed, ContactRequested
from graphchat.client import worker
from graphchat.errors import StateError
from graphchat.testing.relays import relay
from graphchat.wire.limits import OPEN_QUOTA_MESSAGES


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again soon what a relay did not do."""
    monkeypatch.setattr(worker, "FIRST_RETRY", 0.1)


async def one_contact(home: Home) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await home.me.contacts():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.005)


async def test_a_copy_that_got_through_is_no_refusal(place: Place) -> None:
    """A confirmation leaves, its sender dies, and the second copy finds the queue secured."""
    there, here = await place.relay("there"), await place.relay("here")
    alice, bob = await place.home("Alice", [there]), await place.home("Bob", [here])
    invitation = await alice.me.invite()
    await alice.close()
    fuse = Fuse(after="put")
    fuse_up(bob.client, fuse)
    await bob.me.connect(invitation.link)
    async with asyncio.timeout(PATIENCE):
        await fuse.blown.wait()
        await die(bob.client)
        await here.kill()
        await alice.reopen()
        await one_contact(alice)
        await until(lambda: len(alice.client.engine.worker._tasks) == 1)  # the answer
        await bob.reopen()
        await bob.client.settled()
        assert not [
            each for each in await bob.me.pending_events() if isinstance(each, ContactFailed)
        ]
        await here.start()
        [his] = await bob.me.contacts()
        await his.established()
    await his.post("hello")
    assert await texts(alice.me, 1) == ["hello"]


async def test_a_handshake_waits_for_the_other_relay(place: Place) -> None:
    there, here = await place.relay("there"), await place.relay("here")
    alice, bob = await place.home("Alice", [there]), await place.home("Bob", [here])
    invitation = await alice.me.invite()
    await there.kill()
    his = await bob.me.connect(invitation.link)
    await his.post("patience")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await his.asked()
    await bob.reopen()
    [his] = await bob.me.contacts()
    await there.start()
    async with asyncio.timeout(PATIENCE):
        await his.asked()
        await his.established()
    assert await texts(alice.me, 1) == ["patience"]


async def test_queues_are_deleted_when_their_relay_returns(place: Place) -> None:
    alice, bob = await place.pair()
    hers, his = await introduce(alice.me, bob.me)
    invitation = await alice.me.invite()
    await place.relays["one"].kill()
    await hers.remove()
    await invitation.withdraw()
    await alice.reopen()
    await place.relays["one"].start()
    async with asyncio.timeout(PATIENCE):
        await alice.client.settled()
        late = await bob.me.connect(invitation.link)
        with pytest.raises(StateError, match="withdrawn"):
            await late.established()
    assert (await his.send("gone", timeout=0.3)).state == "queued"


async def test_more_requests_than_an_open_queue_holds_all_arrive(place: Place) -> None:
    async with relay("memory:") as shared:
        alice = await place.home("Alice", [shared])
        bob = await place.home("Bob", [shared])
        address = await alice.me.create_address()
        await alice.close()
        count = OPEN_QUOTA_MESSAGES + 5
        await asyncio.gather(*(bob.me.connect(address.link) for _ in range(count)))
        await alice.reopen()
        for _ in range(count):
            await one(alice.me, ContactRequested)
        assert len(await alice.me.requests()) == count
        await alice.close()
        await bob.close()
