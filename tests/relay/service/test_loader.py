import asyncio
from collections.abc import Mapping, Sequence

from tests.relay.service.doubles import Ear, FailingStore, settle, world

from graphchat.errors import StoreError
from graphchat_relay.service import loader


class ReadFailing(FailingStore):
    """Its reads fail on command."""

    unreadable = False
    reads = 0

    async def bodies(self, positions: Sequence[int]) -> Mapping[int, bytes]:
        self.reads += 1
        if self.unreadable:
            raise StoreError
        return await super().bodies(positions)


async def test_many_queues_share_one_read() -> None:
    store = ReadFailing()
    async with world(store) as w:
        queues = [await w.queue(str(n)) for n in range(20)]
        for queue in queues:
            for number in range(5):
                w.send(queue, str(number))
        await settle()
        ears = [w.subscribe(queue) for queue in queues]
        await settle()
        assert store.reads == 1
        for ear in ears:
            assert [body and body.strip() for _, body in ear.pushed] == [
                b"0",
                b"1",
                b"2",
                b"3",
                b"4",
            ]


async def test_a_read_that_fails_is_repeated() -> None:
    store = ReadFailing()
    loader_pause, loader.PAUSE = loader.PAUSE, 0.01  # type: ignore[misc] # tests do not wait a second
    try:
        async with world(store) as w:
            queue = await w.queue()
            w.send(queue, "hello")
            await settle()
            store.unreadable = True
            ear = w.subscribe(queue)
            await asyncio.sleep(0.05)
            assert ear.pushed == []
            store.unreadable = False
            await asyncio.sleep(0.05)
            assert len(ear.pushed) == 1
    finally:
        loader.PAUSE = loader_pause  # type: ignore[misc] # as above


async def test_what_is_gone_from_the_store_is_skipped() -> None:
    store = ReadFailing()
    async with world(store) as w:
        queue = await w.queue()
        for number in range(3):
            w.send(queue, str(number))
        await settle()
        first = next(iter(queue.entries.values()))
        await store.write([], [first.position])
        sender = Ear()
        w.relay.starve(w.attach(queue, sender))
        ear = w.subscribe(queue)
        await settle()
        assert len(sender.readied) == 1, "there is room now"
        assert [body and body.strip() for _, body in ear.pushed] == [b"1", b"2"]
        assert first.id not in queue.entries


async def test_nothing_is_loaded_for_one_who_takes_nothing() -> None:
    store = ReadFailing()
    async with world(store) as w:
        queue = await w.queue()
        w.send(queue, "hello")
        await settle()
        ear = w.subscribe(queue)
        ear.writable = False
        await settle()
        assert (store.reads, ear.stalled) == (0, [queue])
        assert [entry.msg for entry in queue.entries.values()] == [None]
        ear.writable = True
        w.relay.pump(queue)
        await settle()
        assert [body and body.strip() for _, body in ear.pushed] == [b"hello"]


async def test_nothing_is_loaded_for_one_who_left() -> None:
    store = ReadFailing()
    async with world(store) as w:
        queue = await w.queue()
        w.send(queue, "hello")
        await settle()
        w.relay.unsubscribe(queue, w.subscribe(queue))
        await settle()
        assert store.reads == 0
        ear = w.subscribe(queue)
        await settle()
        assert len(ear.pushed) == 1
