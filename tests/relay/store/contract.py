"""One contract, every store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from graphchat_relay.store import MessageRow, QueueRow, Store
from graphchat_relay.store.opening import open_store


def row(name: str, sender_key: bytes = b"", day: int = 20_000) -> QueueRow:
    return QueueRow(
        0, name.encode().ljust(32, b"r"), name.encode().ljust(32, b"s"), b"k" * 32, sender_key, day
    )


def message(queue: int, position: int, ts: int = 1000, msg: bytes = b"x" * 4608) -> MessageRow:
    return MessageRow(queue, position, f"{position:016}", ts, msg)


@asynccontextmanager
async def opened(store: str) -> AsyncIterator[Store]:
    found = await open_store(store)
    try:
        yield found
    finally:
        await found.close()


async def added(store: Store, name: str, **more: bytes | int) -> QueueRow:
    """Create a queue and return it as the store has it."""
    created = row(name, **more)  # type: ignore[arg-type] # a few fields of it
    await store.create(created)
    return (await store.by_recipient([created.recipient]))[created.recipient]


class Contract:
    """What holds for a store, whatever it is made of. Each test gets an empty one."""

    async def test_a_queue_is_found_by_either_of_its_hashes(self, store: Store) -> None:
        found = await added(store, "one", sender_key=b"s" * 32, day=7)
        await added(store, "two")
        assert (found.recipient_key, found.sender_key, found.day) == (b"k" * 32, b"s" * 32, 7)
        assert await store.by_sender([found.sender]) == {found.sender: found}
        assert await store.by_sender([found.recipient]) == {}
        assert await store.by_recipient([found.sender, b"?" * 32]) == {}
        both = await store.by_recipient([row("two").recipient, found.recipient])
        assert len({queue.key for queue in both.values()}) == 2

    async def test_the_first_key_of_a_sender_stays(self, store: Store) -> None:
        queue = await added(store, "one")
        assert await store.secure(queue.key, b"a" * 32)
        assert await store.secure(queue.key, b"a" * 32)
        assert not await store.secure(queue.key, b"b" * 32)
        assert not await store.secure(queue.key + 99, b"a" * 32)
        assert (await store.by_sender([queue.sender]))[queue.sender].sender_key == b"a" * 32

    async def test_messages_come_back_in_order(self, store: Store) -> None:
        one, two = await added(store, "one"), await added(store, "two")
        await store.write(
            [message(one.key, 3), message(two.key, 2), message(one.key, 1, msg=b"y" * 15360)], []
        )
        heads = await store.heads([one.key])
        assert [(h.position, h.size, h.ts) for h in heads] == [(1, 15360, 1000), (3, 4608, 1000)]
        assert [h.id for h in heads] == [f"{1:016}", f"{3:016}"]
        both = await store.heads([two.key, one.key])
        assert [(h.queue, h.position) for h in both] == [(one.key, 1), (two.key, 2), (one.key, 3)]
        assert await store.bodies([1, 2, 9]) == {1: b"y" * 15360, 2: b"x" * 4608}

    async def test_one_write_adds_and_removes(self, store: Store) -> None:
        queue = await added(store, "one")
        await store.write([message(queue.key, 1), message(queue.key, 2)], [])
        await store.write([message(queue.key, 3)], [1, 2, 77])
        assert [h.position for h in await store.heads([queue.key])] == [3]
        await store.write([], [])

    async def test_positions_rise(self, store: Store) -> None:
        first, second = await store.reserve(3), await store.reserve(2)
        assert sorted({*first, *second}) == [*first, *second]
        assert len({*first, *second}) == 5
        assert not await store.reserve(0)

    async def test_a_message_for_a_queue_that_is_gone_is_gone_with_it(self, store: Store) -> None:
        one, two = await added(store, "one"), await added(store, "two")
        await store.remove(one.key)
        await store.write([message(one.key, 1), message(two.key, 2)], [])
        assert await store.bodies([1, 2]) == {2: b"x" * 4608}

    async def test_a_removed_queue_leaves_nothing(self, store: Store) -> None:
        one, two = await added(store, "one"), await added(store, "two")
        await store.write([message(one.key, 1), message(two.key, 2)], [])
        await store.remove(one.key)
        await store.remove(one.key)
        assert await store.by_recipient([one.recipient]) == {}
        assert await store.by_sender([one.sender]) == {}
        assert await store.heads([one.key]) == []
        assert await store.bodies([1, 2]) == {2: b"x" * 4608}
        assert (await store.totals()).queues == 1

    async def test_old_messages_expire_a_few_at_a_time(self, store: Store) -> None:
        queue = await added(store, "one")
        await store.write([message(queue.key, n, ts=n) for n in range(1, 6)], [])
        assert [h.position for h in await store.expire_messages(4, 2)] == [1, 2]
        assert [h.id for h in await store.expire_messages(4, 2)] == [f"{3:016}"]
        assert await store.expire_messages(4, 2) == []
        assert [h.position for h in await store.heads([queue.key])] == [4, 5]

    async def test_open_queues_expire_unless_renewed(self, store: Store) -> None:
        old = [await added(store, f"old{n}", day=5) for n in range(3)]
        secured = await added(store, "secured", sender_key=b"s" * 32, day=5)
        renewed = await added(store, "renewed", day=5)
        await store.write([message(old[0].key, 1)], [])
        await store.renew([renewed.key], 6)
        first, second = await store.expire_queues(6, 2), await store.expire_queues(6, 2)
        assert (len(first), len(second)) == (2, 1)
        assert sorted([*first, *second]) == [queue.key for queue in old]
        assert await store.expire_queues(6, 2) == []
        assert await store.bodies([1]) == {}
        left = await store.by_recipient([secured.recipient, renewed.recipient])
        assert len(left) == 2

    async def test_a_probe_changes_nothing(self, store: Store) -> None:
        queue = await added(store, "one")
        await store.probe()
        await store.probe()
        assert await store.by_recipient([queue.recipient]) == {queue.recipient: queue}

    async def test_the_totals_are_what_is_there(self, store: Store) -> None:
        queue = await added(store, "one")
        await store.write([message(queue.key, 1), message(queue.key, 2, msg=b"y" * 15360)], [1])
        await store.tidy()
        found = await store.totals()
        assert (found.queues, found.messages, found.bytes) == (1, 1, 15360)
