import asyncio

from tests.relay.service.doubles import FailingStore, settle, world

from graphchat.wire.limits import IN_FLIGHT


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
