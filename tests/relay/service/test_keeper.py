import asyncio
from collections.abc import Sequence

import pytest
from tests.relay.service.doubles import Ear, FailingStore, settle, world
from tests.relay.store.contract import added, message

from graphchat.errors import StoreError
from graphchat.testing.clock import FakeClock
from graphchat_relay.limits import Limits
from graphchat_relay.service import keeper as keeper_module
from graphchat_relay.service.keeper import DAY, Keeper
from graphchat_relay.store import BATCH, Head
from graphchat_relay.store.memory import MemoryStore


async def test_old_messages_go_and_make_room() -> None:
    clock = FakeClock()
    async with world(limits=Limits(quota_messages=1), clock=clock) as w:
        queue = await w.queue()
        w.send(queue, "old")
        await settle()
        keeper = Keeper(w.store, clock, w.relay)
        clock.advance(20.9 * DAY)
        await keeper.expire()
        assert len(queue.entries) == 1
        clock.advance(0.2 * DAY)
        await keeper.expire()
        assert queue.entries == {}
        assert (await w.store.totals()).messages == 0
        assert w.send(queue, "new") == []


async def test_open_queues_go_unless_somebody_comes() -> None:
    clock = FakeClock()
    async with world(clock=clock) as w:
        unused = await w.queue("unused", sender_key=b"")
        used = await w.queue("used", sender_key=b"")
        ear = w.subscribe(used, Ear())
        secured = await w.queue("secured")
        clock.advance(31 * DAY + 1e9)
        keeper = Keeper(w.store, clock, w.relay)
        await keeper.expire()
        assert unused.gone
        assert not secured.gone
        assert not used.gone
        assert w.relay.metrics.expired == 1
        clock.advance(30 * DAY)
        w.relay.unsubscribe(used, ear)
        await keeper.expire()
        assert not used.gone
        clock.advance(DAY)
        await keeper.expire()
        assert used.gone


async def test_many_open_queues_with_subscribers_stay() -> None:
    clock = FakeClock()
    async with world(clock=clock) as w:
        queues = [await w.queue(str(n), sender_key=b"") for n in range(BATCH + 1)]
        for queue in queues:
            w.subscribe(queue)
        clock.advance(31 * DAY + 1e9)
        await Keeper(w.store, clock, w.relay).expire()
        assert not any(queue.gone for queue in queues)


async def test_a_look_up_under_way_does_not_revive_an_expired_queue() -> None:
    clock = FakeClock()
    async with world(clock=clock) as w:
        found = await added(w.store, "unused")
        clock.advance(31 * DAY + 1e9)
        await Keeper(w.store, clock, w.relay).expire()
        assert await w.relay.live.open([found]) == {}


class FullStore(FailingStore):
    """A medium that has no room until its log is emptied."""

    tidied = 0

    async def expire_messages(self, before: int, limit: int) -> Sequence[Head]:
        if self.broken:
            raise StoreError
        return await super().expire_messages(before, limit)

    async def tidy(self) -> None:
        self.tidied += 1
        self.broken = False


async def test_a_full_medium_heals_soon_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "SOON", 0.05)
    store = FullStore()
    async with world(store) as w:
        await settle()
        queue = await w.queue()
        store.broken = True
        sent = w.send(queue, "hello")
        await settle()
        assert sent == ["busy"]
        assert not w.relay.healthy
        before = store.tidied
        await asyncio.sleep(0.1)
        assert store.tidied >= before + 2
        assert w.relay.healthy, "without another write"


async def test_what_cannot_be_expired_does_not_keep_the_log_from_being_emptied() -> None:
    store = FullStore()
    store.broken = True
    async with world(store):
        await settle()
        assert store.tidied == 2


async def test_it_is_not_called_healthy_before_it_can_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keeper_module, "SOON", 0.01)
    store = FailingStore()
    async with world(store) as w:
        queue = await w.queue()
        store.broken = True
        w.send(queue, "hello")
        await asyncio.sleep(0.1)
        assert not w.relay.healthy
        store.broken = False
        await asyncio.sleep(0.1)
        assert w.relay.healthy


async def test_senders_hear_of_room_that_expiry_made() -> None:
    clock = FakeClock()
    async with world(limits=Limits(quota_messages=1), clock=clock) as w:
        queue, ear = await w.queue(), Ear()
        w.send(queue, "old")
        await settle()
        w.relay.starve(w.attach(queue, ear))
        clock.advance(22 * DAY)
        await Keeper(w.store, clock, w.relay).expire()
        assert len(ear.readied) == 1


async def test_many_expire_in_small_steps() -> None:
    store = MemoryStore()
    queue = await added(store, "one", sender_key=b"s" * 32)
    await store.write([message(queue.key, n, ts=5) for n in range(1, 1001)], [])
    async with world(store) as w:
        await settle()
        assert w.relay.metrics.expired == 1000
    assert (await store.totals()).messages == 0
