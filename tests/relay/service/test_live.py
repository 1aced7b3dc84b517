from tests.relay.store.contract import added, message

from graphchat_relay.ledger import Ledger
from graphchat_relay.service import live
from graphchat_relay.service.live import LiveQueues
from graphchat_relay.store.memory import MemoryStore


async def test_a_queue_is_in_memory_once_while_it_is_held() -> None:
    store = MemoryStore()
    row = await added(store, "one")
    await store.write([message(row.key, 1)], [])
    queues = LiveQueues(store, Ledger())
    first = (await queues.open([row]))[row.key]
    second = (await queues.open([row]))[row.key]
    assert first is second
    assert [e.position for e in first.entries.values()] == [1]
    queues.release(first)
    assert queues.get(row.key) is first
    queues.release(first)
    assert queues.get(row.key) is None


async def test_a_row_that_was_read_earlier_undoes_nothing() -> None:
    store = MemoryStore()
    row = await added(store, "one")
    queues = LiveQueues(store, Ledger())
    queue = (await queues.open([row]))[row.key]
    queue.sender_key = b"new"
    queues.note(queue)
    queues.release(queue)
    late = (await queues.open([row]))[row.key]
    assert late.sender_key == b"new", "the row still says that it is open"
    late.gone = True
    queues.note(late)
    assert await queues.open([row]) == {}


async def test_the_memory_of_changes_is_bounded() -> None:
    store = MemoryStore()
    queues = LiveQueues(store, Ledger())
    row = await added(store, "one")
    queue = (await queues.open([row]))[row.key]
    for key in range(live.NEWS + 10):
        queue.key = key
        queues.note(queue)
    assert len(queues._news) == live.NEWS


async def test_what_is_in_use_is_found_by_its_name() -> None:
    store = MemoryStore()
    row = await added(store, "one")
    queues = LiveQueues(store, Ledger())
    queue = (await queues.open([row]))[row.key]
    assert queues.all() == queues.known([b"another", row.recipient]) == [queue]
    queues.release(queue)
    assert queues.all() == queues.known([row.recipient]) == []
