from tests.relay.service.doubles import Ear, FailingStore, settle, world

from graphchat_relay.limits import Limits


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


async def test_bytes_are_a_quota_too() -> None:
    async with world(limits=Limits(quota_bytes=10_000)) as w:
        queue = await w.queue()
        assert [w.send(queue, str(n)) for n in range(3)] == [[], [], ["quota"]]
