from tests.relay.service.doubles import Ear, settle, world

from graphchat.wire.limits import IN_FLIGHT


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
