from tests.relay.service.doubles import Answers, Ear, FailingStore, settle, world

from graphchat.clock import SystemClock
from graphchat.wire.limits import S
from graphchat_relay.limits import Limits
from graphchat_relay.service.traffic import DRAWN


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
            w.relay.send([(queue, "", bytes(4608), Answers(), True)])
        assert len(queue.entries) == 2


async def test_a_system_clock_dates_messages() -> None:
    async with world() as w:
        queue = await w.queue()
        w.send(queue, "hello")
        [entry] = queue.entries.values()
        assert abs(entry.ts - SystemClock().now()) < 5


async def test_what_one_frame_brings_is_pushed_in_order_and_written_at_once() -> None:
    store = FailingStore()
    limits = Limits(quota_messages=4096, quota_bytes=2**30)
    async with world(store, limits) as w:
        queues = [await w.queue(name) for name in ("one", "two")]
        ear = w.subscribe(queues[0])
        answers = Answers()
        count = DRAWN + 10
        w.relay.send(
            [
                (queues[n % 2], str(n), str(n).encode().ljust(S), answers, True)
                for n in range(count)
            ]
        )
        assert [body for _, body in ear.pushed] == [
            str(2 * n).encode().ljust(S) for n in range(len(ear.pushed))
        ]
        assert len(ear.pushed) == 32
        await settle()
        assert answers == [""] * count
        names = [*queues[0].entries, *queues[1].entries]
        assert len(set(names)) == len(set(store.written)) == count


async def test_a_repetition_in_the_same_frame_is_one_message() -> None:
    async with world() as w:
        queue = await w.queue()
        first, second = Answers(), Answers()
        w.relay.send([(queue, "1", bytes(S), first, True), (queue, "1", bytes(S), second, True)])
        assert len(queue.entries) == 1
        await settle()
        assert (first, second) == ([""], [""])


async def test_each_of_a_frame_has_its_own_answer() -> None:
    async with world(limits=Limits(quota_messages=2, pending_bytes=3 * S)) as w:
        one, two = await w.queue("one"), await w.queue("two")
        gone = await w.queue("gone")
        await w.relay.remove(gone)
        found: dict[str, str] = {}
        asked = [(one, True), (one, False), (one, True), (one, True), (gone, True)]
        asked += [(two, True), (two, True)]
        w.relay.send(
            [
                (queue, str(number), bytes(S), found.__setitem__, signed)
                for number, (queue, signed) in enumerate(asked)
            ]
        )
        assert found == {"1": "unauthorized", "3": "quota", "4": "unauthorized", "6": "busy"}
        await settle()
        assert {name for name, refusal in found.items() if not refusal} == {"0", "2", "5"}
        assert (w.relay.metrics.over_quota, w.relay.metrics.received) == (1, 3)


async def test_deletions_of_one_frame_move_each_window_once_and_are_all_answered() -> None:
    async with world() as w:
        queue = await w.queue()
        for number in range(40):
            w.send(queue, str(number))
        await settle()
        ear = w.subscribe(queue, Ear())
        await settle()
        found: dict[str, str] = {}
        names = [*ear.ids, "unknown", ear.ids[0]]
        w.relay.delete([(queue, name, str(n), found.__setitem__) for n, name in enumerate(names)])
        await settle()
        assert found == {str(n): "" for n in range(len(names))}
        assert len(ear.ids) == 40
        assert queue.in_flight == len(queue.entries) == 8
