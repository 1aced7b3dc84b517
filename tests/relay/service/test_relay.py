import asyncio
from math import inf

import pytest
from hypothesis import given, strategies as st
from tests.relay.service.doubles import Answers, Ear, FailingStore, World, settle, world

from graphchat.errors import StoreError, UnauthorizedError
from graphchat.wire.limits import IN_FLIGHT
from graphchat_relay.service.queues import LiveQueue
from graphchat_relay.store.memory import MemoryStore


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
