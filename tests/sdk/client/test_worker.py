"""Handshakes and deletions at relays that are away, full or busy."""

import asyncio

import pytest
from tests.sdk.client.crashing import Fuse, die, fuse_up
from tests.sdk.client.people import PATIENCE, Home, Place, WrongClock, introduce, one, texts, until

from graphchat import ContactFailed, ContactRequested
from graphchat.client import worker
from graphchat.clock import SystemClock
from graphchat.codes import Code, CodeLane, Kind as CodeKind
from graphchat.crypto.keys import AgreementKey
from graphchat.errors import StateError
from graphchat.ids import ConnectionId, Fingerprint, QueueId
from graphchat.secret import Secret
from graphchat.testing.relays import relay
from graphchat.transport import HttpTransport
from graphchat.wire.limits import OPEN_QUOTA_MESSAGES
from graphchat.wire.uri import RelayAddress


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


async def test_refusals_count_over_a_restart(place: Place) -> None:
    """One queue of a withdrawn code refuses at once, the other when its relay is back."""
    one_, two = await place.relay("one"), await place.relay("two")
    alice = await place.home("Alice", [one_, two])
    bob = await place.home("Bob", [await place.relay("here")])
    invitation = await alice.me.invite()
    link = invitation.link
    await invitation.withdraw()
    await alice.client.settled()
    await two.kill()
    his = await bob.me.connect(link)
    shake = bob.client.engine.context.lives[his.row_id].connection.state.handshake
    await until(lambda: shake.refusals == 1)
    await asyncio.sleep(0.3)  # the other was tried
    await bob.reopen()
    await two.start()
    assert "used already, or withdrawn" in (await one(bob.me, ContactFailed)).reason


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


async def test_a_wrong_clock_ends_no_handshake(place: Place) -> None:
    alice, bob = await place.pair()
    clock = WrongClock()
    await alice.reopen(clock=clock)
    invitation, address = await alice.me.invite(), await alice.me.create_address(accept_all=True)
    clock.off = 600.0
    scanned = await bob.me.connect(invitation.link)
    asked = await bob.me.connect(address.link)
    async with asyncio.timeout(PATIENCE):
        await scanned.asked()
        await asked.asked()
        await until(lambda: len(alice.client.engine.worker._tasks) >= 2)
        await asyncio.sleep(0.3)
        clock.off = 0.0
        await scanned.established()
        await asked.established()


async def test_deletions_that_are_refused_end_after_thirty_days(place: Place) -> None:
    alice, _ = await place.pair()
    clock = WrongClock()
    await alice.reopen(clock=clock)
    address = await alice.me.create_address()
    clock.off = 600.0
    await address.delete()
    tasks = alice.client.engine.worker._tasks
    await asyncio.sleep(0.5)
    assert len(tasks) == 1
    # The time is that of the first failure, also for who is started anew.
    await alice.reopen(clock=clock)
    clock.off += worker.LONGEST - 60
    await asyncio.sleep(0.5)
    tasks = alice.client.engine.worker._tasks
    assert len(tasks) == 1
    clock.off += 120
    async with asyncio.timeout(PATIENCE):
        await alice.client.settled()


async def test_a_confirmation_is_given_up_when_no_queue_can_be_left(place: Place) -> None:
    there, here = await place.relay("there"), await place.relay("here")
    alice, bob = await place.home("Alice", [there]), await place.home("Bob", [here])
    clock = WrongClock()
    await bob.reopen(clock=clock)
    invitation = await alice.me.invite()
    await there.kill()
    his = await bob.me.connect(invitation.link)
    await asyncio.sleep(0.5)
    assert not await bob.me.pending_events()
    clock.off = worker.LONGEST + 60
    assert (await one(bob.me, ContactFailed)).contact == his
    await bob.client.settled()


async def test_a_relay_that_never_answers_holds_up_nobody(place: Place) -> None:
    alice, bob = await place.pair()
    closing = asyncio.Event()

    async def swallow(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await closing.wait()
        writer.close()

    def lane(port: int) -> CodeLane:
        key = AgreementKey(Secret(clock.random(32))).public
        base = f"http://127.0.0.1:{port}/q"
        return CodeLane(Fingerprint(clock.random(16)), base, QueueId(clock.random(18)), key)

    clock = SystemClock()
    async with await asyncio.start_server(swallow, "127.0.0.1", 0) as hole:
        port = hole.sockets[0].getsockname()[1]
        for _ in range(3):
            key = AgreementKey(Secret(clock.random(32))).public
            lanes = tuple(lane(port) for _ in range(8))
            psk = Secret(clock.random(32))
            code = Code(CodeKind.INVITE, ConnectionId(clock.random(16)), psk, key, lanes)
            await bob.me.connect(code.text)
        await asyncio.sleep(0.1)
        async with asyncio.timeout(5):
            await introduce(alice.me, bob.me)
        await bob.close()
        closing.set()


async def test_a_fault_in_the_work_is_told_and_tried_again(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    alice, bob = await place.pair()
    put, calls = HttpTransport.put, list[QueueId]()

    async def faulty(
        self: HttpTransport, relay: RelayAddress, sender: QueueId, message: bytes
    ) -> None:
        calls.append(sender)
        if len(calls) == 1:
            raise ZeroDivisionError("secret")
        await put(self, relay, sender, message)

    monkeypatch.setattr(HttpTransport, "put", faulty)
    await introduce(alice.me, bob.me)
    told = [record.getMessage() for record in caplog.records]
    assert told == ["work of the client failed: ZeroDivisionError"]
