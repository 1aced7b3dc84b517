import asyncio
from hashlib import sha256
from math import inf

import pytest
from hypothesis import given, settings, strategies as st
from tests.relay.service.doubles import Answers, Ear, FailingStore, World, settle, world
from tests.relay.support import key

from graphchat.clock import SystemClock
from graphchat.errors import RateError, StoreError, UnauthorizedError
from graphchat.wire.base64url import to_text
from graphchat.wire.limits import IN_FLIGHT
from graphchat_relay.auth import Proof
from graphchat_relay.limits import Limits
from graphchat_relay.service.queues import LiveQueue
from graphchat_relay.store.memory import MemoryStore

ALICE, BOB, EVE = key("alice"), key("bob"), key("eve")


def proof(name: bytes, who: object = ALICE, data: bytes = b"data") -> Proof:
    return Proof(to_text(name), data, who.sign(data))  # type: ignore[attr-defined] # a signing key


async def test_what_is_created_is_found_by_its_keys() -> None:
    async with world() as w:
        recipient, sender = await w.relay.create(ALICE.public, proof(b"", ALICE), welcome=True)
        [queue] = await w.relay.recipients([proof(recipient)])
        assert queue is not None
        assert await w.relay.senders([Proof(to_text(sender))]) == [queue]
        await w.relay.secure(queue, BOB.public)
        refused = [
            proof(sender, EVE),
            proof(sender, ALICE),
            Proof(to_text(sender)),
            proof(recipient, BOB),
        ]
        assert await w.relay.senders([*refused, proof(sender, BOB)]) == [None] * 4 + [queue]
        assert await w.relay.recipients([proof(recipient, EVE), proof(sender)]) == [None, None]
        with pytest.raises(UnauthorizedError):
            await w.relay.secure(queue, EVE.public)


async def test_creation_needs_a_token_a_signature_and_patience() -> None:
    async with world(limits=Limits(creations_per_second=0.1)) as w:
        with pytest.raises(UnauthorizedError):
            await w.relay.create(ALICE.public, proof(b""), welcome=False)
        with pytest.raises(UnauthorizedError):
            await w.relay.create(ALICE.public, proof(b"", EVE), welcome=True)
        await w.relay.create(ALICE.public, proof(b""), welcome=True)
        with pytest.raises(RateError):
            await w.relay.create(ALICE.public, proof(b""), welcome=True)


async def test_the_store_knows_hashes_of_ids_only() -> None:
    store = MemoryStore()
    async with world(store) as w:
        recipient, sender = await w.relay.create(ALICE.public, proof(b""), welcome=True)
    found = await store.by_recipient([sha256(recipient).digest()])
    [row] = found.values()
    assert row.sender == sha256(sender).digest()
    assert bytes(recipient) not in b"".join([row.recipient, row.sender, row.recipient_key])


async def test_a_queue_that_nobody_uses_is_not_in_memory() -> None:
    async with world() as w:
        queue = await w.queue()
        w.send(queue, "hello")
        assert len(w.relay.live) == 1
        w.relay.release(queue)
        assert len(w.relay.live) == 1, "its message is on the way"
        await settle()
        assert len(w.relay.live) == 0
        again = await w.open()
        assert len(again.entries) == 1


async def test_the_window_moves_with_deletions() -> None:
    async with world() as w:
        queue = await w.queue()
        for number in range(IN_FLIGHT + 5):
            w.send(queue, str(number))
        await settle()
        ear = w.subscribe(queue)
        await settle()
        assert len(ear.pushed) == IN_FLIGHT
        assert all(body is not None for _, body in ear.pushed)
        w.delete(queue, ear.ids[3])
        w.delete(queue, ear.ids[4])
        await settle()
        assert len(ear.pushed) == IN_FLIGHT + 2
        assert ear.ids == list(dict.fromkeys(ear.ids)), "nothing twice"


async def test_one_who_is_busy_is_pushed_nothing() -> None:
    async with world() as w:
        queue = await w.queue()
        ear = w.subscribe(queue, Ear(writable=False))
        w.send(queue, "hello")
        assert ear.pushed == []
        assert ear.stalled == [queue]
        ear.writable = True
        w.relay.pump(queue)
        assert len(ear.pushed) == 1


async def test_a_sender_hears_of_room_once() -> None:
    async with world(limits=Limits(quota_messages=2)) as w:
        queue, ear = await w.queue(), Ear()
        attachment = w.attach(queue, ear)
        assert [w.send(queue, str(n)) for n in range(3)] == [[], [], ["quota"]]
        w.relay.starve(attachment)
        w.relay.starve(attachment)
        await settle()
        first, second = queue.entries
        w.delete(queue, first)
        await settle()
        assert len(ear.readied) == 1
        w.delete(queue, second)
        await settle()
        assert len(ear.readied) == 1


async def test_a_sender_hears_of_room_that_a_failed_write_made() -> None:
    store = FailingStore()
    async with world(store, Limits(quota_messages=1)) as w:
        queue, ear = await w.queue(), Ear()
        store.broken = True
        w.send(queue, "hello")
        w.relay.starve(w.attach(queue, ear))
        await settle()
        assert len(ear.readied) == 1


async def test_after_deletions_that_failed_another_subscriber_is_sent_everything() -> None:
    store = FailingStore()
    async with world(store) as w:
        queue = await w.queue()
        for number in range(IN_FLIGHT + 8):
            w.send(queue, str(number))
        await settle()
        first = w.subscribe(queue)
        await settle()
        store.broken = True
        deleted = [w.delete(queue, name) for name in first.ids[:IN_FLIGHT]]
        second = w.subscribe(queue)
        await settle()
        assert deleted == [["busy"]] * IN_FLIGHT
        assert queue.in_flight == IN_FLIGHT
        store.broken = False
        for name in second.ids:
            w.delete(queue, name)
        await settle()
        for name in second.ids[IN_FLIGHT:]:
            w.delete(queue, name)
        await settle()
        assert sorted(second.ids) == sorted([*first.ids[:IN_FLIGHT], *second.ids[:8]])
        assert (queue.in_flight, queue.entries) == (0, {})


async def test_a_deletion_that_failed_takes_its_place_in_the_window_again() -> None:
    store = FailingStore()
    async with world(store) as w:
        queue = await w.queue()
        for number in range(3):
            w.send(queue, str(number))
        await settle()
        ear = w.subscribe(queue)
        await settle()
        store.broken = True
        w.delete(queue, ear.ids[1])
        assert queue.in_flight == 2
        await settle()
        assert queue.in_flight == 3
        assert len(ear.ids) == 3, "it was sent already"


async def test_a_deletion_that_failed_while_nobody_reads_leaves_the_window_empty() -> None:
    store = FailingStore()
    async with world(store) as w:
        queue = await w.queue()
        for number in range(3):
            w.send(queue, str(number))
        await settle()
        store.broken = True
        w.delete(queue, next(iter(queue.entries)))
        await settle()
        assert queue.in_flight == 0
        ear = w.subscribe(queue)
        await settle()
        assert ear.ids == list(queue.entries)


async def test_bytes_are_a_quota_too() -> None:
    async with world(limits=Limits(quota_bytes=10_000)) as w:
        queue = await w.queue()
        assert [w.send(queue, str(n)) for n in range(3)] == [[], [], ["quota"]]


async def test_the_same_request_is_answered_when_the_first_is() -> None:
    store = FailingStore()
    async with world(store) as w:
        queue = await w.queue()
        store.slow.clear()
        first, second = w.send(queue, "hello"), w.send(queue, "hello")
        await settle()
        assert (first, second) == ([], [])
        store.slow.set()
        await settle()
        assert (first, second, w.send(queue, "hello")) == ([""], [""], [""])
        assert len(queue.entries) == 1
        assert w.send(queue, "another", name="hello") == []
        assert len(queue.entries) == 2


async def test_without_a_name_nothing_is_the_same() -> None:
    async with world() as w:
        queue = await w.queue()
        for _ in range(2):
            w.relay.send(queue, "", bytes(4608), Answers(), signed=True)
        assert len(queue.entries) == 2


async def test_a_removed_queue_ends_for_all() -> None:
    store = FailingStore()
    async with world(store) as w:
        queue = await w.queue()
        w.send(queue, "stored")
        await settle()
        ear = w.subscribe(queue)
        pending = w.send(queue, "pending")
        await w.relay.remove(queue)
        assert pending == ["busy"]
        assert len(ear.ended) == 1
        assert w.send(queue, "late") == ["unauthorized"]
        await settle()
        assert (await store.totals()) == (await MemoryStore().totals())
        assert len(w.relay.live) == 0
        with pytest.raises(UnauthorizedError):
            await w.relay.remove(queue)


async def test_removing_while_a_message_is_written_leaves_nothing() -> None:
    store = FailingStore()
    async with world(store) as w:
        queue = await w.queue()
        store.slow.clear()
        sent = w.send(queue, "hello")
        await settle()
        removing = asyncio.create_task(w.relay.remove(queue))
        await settle()
        store.slow.set()
        await removing
        await settle()
        assert sent in ([""], ["unauthorized"])
        assert queue.entries == {}


async def test_one_who_removes_a_queue_and_leaves_does_not_bring_it_back() -> None:
    store = FailingStore()
    async with world(store) as w:
        queue = await w.queue()
        store.slow.clear()
        removing = asyncio.create_task(w.relay.remove(queue))
        await settle()
        removing.cancel()
        await asyncio.wait([removing])
        assert w.send(queue, "to nobody") == ["unauthorized"]
        store.slow.set()
        await settle()
        assert (await store.totals()).queues == 0
        assert len(w.relay.live) == 0


async def test_a_queue_that_the_store_keeps_is_still_there() -> None:
    store = FailingStore()
    async with world(store) as w:
        queue = await w.queue()
        store.broken = True
        with pytest.raises(StoreError):
            await w.relay.remove(queue)
        store.broken = False
        sent = w.send(queue, "hello")
        await settle()
        assert sent == [""]


class Model:
    """Does anything in any order, and knows what must be true of it."""

    def __init__(self, w: World, queue: LiveQueue) -> None:
        self.w = w
        self.queue = queue
        self.ear: Ear | None = None
        self.sent: dict[str, Answers] = {}
        self.deleted: set[str] = set()

    def step(self, action: int) -> None:
        match action % 5:
            case 0 | 1:
                name = f"message {len(self.sent)}"
                self.sent[name] = self.w.send(self.queue, name)
            case 2 if self.ear is not None and self.ear.ids:
                name = self.ear.ids[action % len(self.ear.ids)]
                self.w.delete(self.queue, name)
                self.deleted.add(name)
            case 3:
                self.ear = self.w.subscribe(self.queue)
            case 4 if self.ear is not None:
                self.w.relay.unsubscribe(self.queue, self.ear)
                self.ear = None
        self.check()

    def check(self) -> None:
        queue = self.queue
        assert 0 <= queue.in_flight <= IN_FLIGHT
        assert queue.bytes == sum(entry.size for entry in queue.entries.values())
        positions = [entry.position or inf for entry in queue.entries.values()]
        assert positions == sorted(positions)
        assert queue.in_flight == sum(entry.pushed for entry in queue.entries.values())

    async def end(self) -> None:
        await settle()
        assert all(answers in ([""], ["quota"]) for answers in self.sent.values())
        accepted = sum(answers == [""] for answers in self.sent.values())
        heads = await self.w.store.heads([self.queue.key])
        # What was acknowledged is on the medium, or its recipient has deleted it.
        assert len(heads) + len(self.deleted) == accepted
        assert not self.deleted & {head.id for head in heads}
        assert [head.id for head in heads] == list(self.queue.entries)
        if self.ear is not None:
            left = [name for name in self.ear.ids if name not in self.deleted]
            assert left == list(self.queue.entries)[: len(left)], "in order, without a gap"
            assert len(left) == min(len(heads), IN_FLIGHT)


@settings(max_examples=60)
@given(st.lists(st.lists(st.integers(0, 1000), max_size=25), max_size=8))
def test_nothing_acknowledged_is_lost_in_any_order_of_events(bursts: list[list[int]]) -> None:
    async def play() -> None:
        async with world() as w:
            model = Model(w, await w.queue())
            for burst in bursts:
                for action in burst:
                    model.step(action)
                await asyncio.sleep(0.003 * (len(burst) % 3))
                model.check()
            await model.end()

    asyncio.run(play())


async def test_a_system_clock_dates_messages() -> None:
    async with world() as w:
        queue = await w.queue()
        w.send(queue, "hello")
        [entry] = queue.entries.values()
        assert abs(entry.ts - SystemClock().now()) < 5
