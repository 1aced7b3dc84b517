from tests.relay.service.doubles import Ear, settle, world
from tests.relay.store.contract import added, message

from graphchat.testing.clock import FakeClock
from graphchat_relay.limits import Limits
from graphchat_relay.service.keeper import DAY, Keeper
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
        ear = w.subscribe(unused, Ear())
        secured = await w.queue("secured")
        clock.advance(31 * DAY + 1e9)
        await Keeper(w.store, clock, w.relay).expire()
        assert unused.gone
        assert not secured.gone
        assert len(ear.ended) == 1
        assert w.relay.metrics.expired == 1


async def test_many_expire_in_small_steps() -> None:
    store = MemoryStore()
    queue = await added(store, "one", sender_key=b"s" * 32)
    await store.write([message(queue.key, n, ts=5) for n in range(1, 1001)], [])
    async with world(store) as w:
        await settle()
        assert w.relay.metrics.expired == 1000
    assert (await store.totals()).messages == 0
