import asyncio
from pathlib import Path

import pytest
from tests.relay.service.doubles import Ear, FailingStore, World, settle, world
from tests.relay.store.contract import opened
from tests.relay.support import eventually

from graphchat.wire.limits import IN_FLIGHT
from graphchat_relay.limits import Limits
from graphchat_relay.service import writer
from graphchat_relay.service.queues import LiveQueue, State
from graphchat_relay.store import BATCH


def healthy(found: World) -> bool:
    return found.relay.healthy


async def test_a_message_deleted_before_its_commit_is_never_written() -> None:
    store = FailingStore()
    async with world(store) as w:
        queue = await w.queue()
        ear = w.subscribe(queue)
        sent = w.send(queue, "hello")
        assert sent == []
        assert w.delete(queue, ear.ids[0]) == [""]
        assert sent == [""]
        await settle()
        assert store.written == []
        assert w.relay.metrics.elided == 1
        assert queue.entries == {}


@pytest.mark.parametrize("kind", ["memory", "sqlite", "postgres"])
async def test_no_store_is_asked_to_write_what_was_deleted_in_time(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = {"memory": "memory:", "sqlite": str(tmp_path / "relay.db")}.get(kind)
    async with opened(place or request.getfixturevalue("postgres").database()) as store:
        first = await store.reserve(1)
        async with world(store) as w:
            queue = await w.queue()
            ear = w.subscribe(queue)
            kept, deleted = w.send(queue, "kept"), w.send(queue, "deleted")
            w.delete(queue, ear.ids[1])
            assert deleted == [""]
            await eventually(lambda: kept == [""])
            found = w.relay.metrics
            assert (found.received, found.stored, found.elided) == (2, 1, 1)
            assert [head.id for head in await store.heads([queue.key])] == ear.ids[:1]
        # A position is drawn for what is written only.
        assert [first[0] + 2] == list(await store.reserve(1))


async def test_a_message_for_nobody_is_written_at_once() -> None:
    store = FailingStore()
    async with world(store) as w:
        queue = await w.queue()
        sent = w.send(queue, "hello")
        for _ in range(5):
            await asyncio.sleep(0)
        assert sent == [""]
        assert len(store.written) == 1


async def test_a_slow_recipient_does_not_keep_a_sender_waiting() -> None:
    store = FailingStore()
    async with world(store) as w:
        queue = await w.queue()
        w.subscribe(queue)
        sent = w.send(queue, "hello")
        await settle()
        assert sent == [""]
        assert len(store.written) == 1


async def test_what_arrives_during_a_transaction_shares_the_next() -> None:
    store = FailingStore()
    async with world(store) as w:
        queue = await w.queue()
        store.slow.clear()
        first = w.send(queue, "first")
        await settle()
        later = [w.send(queue, f"later {n}") for n in range(100)]
        await settle()
        assert first == []
        store.slow.set()
        await settle()
        assert first == [""]
        assert later == [[""]] * 100
        assert store.transactions == 2


async def test_one_transaction_has_an_end() -> None:
    store = FailingStore()
    async with world(store, Limits(quota_messages=4096, quota_bytes=2**30)) as w:
        queue = await w.queue()
        sent = [w.send(queue, str(n)) for n in range(3 * BATCH)]
        await settle()
        await settle()
        assert sent == [[""]] * (3 * BATCH)
        assert store.transactions >= 3


async def test_a_message_deleted_while_it_is_written_is_removed_again() -> None:
    store = FailingStore()
    async with world(store) as w:
        queue = await w.queue()
        store.slow.clear()
        sent = w.send(queue, "hello")
        await settle()
        [entry] = queue.entries.values()
        assert entry.state is State.WRITING
        deleted = w.delete(queue, entry.id)
        # Its recipient has it: the sender need not wait for the disk.
        assert sent == [""]
        assert deleted == []
        store.slow.set()
        await settle()
        assert deleted == [""]
        assert (await store.totals()).messages == 0
        assert queue.entries == {}


async def test_a_failing_store_is_an_answer_and_no_end() -> None:
    store = FailingStore()
    async with world(store) as w:
        queue = await w.queue()
        store.broken = True
        assert healthy(w)
        sent = w.send(queue, "hello")
        await settle()
        assert sent == ["busy"]
        assert not healthy(w)
        assert (queue.entries, queue.bytes) == ({}, 0)
        store.broken = False
        # The same request again: it was not done, so it is done now.
        again = w.send(queue, "hello")
        await settle()
        assert again == [""]
        assert healthy(w)
        assert (await store.totals()).messages == 1


async def test_a_deletion_that_fails_can_be_repeated() -> None:
    store = FailingStore()
    async with world(store) as w:
        queue = await w.queue()
        w.send(queue, "hello")
        await settle()
        [name] = queue.entries
        store.broken = True
        deleted = w.delete(queue, name)
        await settle()
        assert deleted == ["busy"]
        store.broken = False
        deleted = w.delete(queue, name)
        await settle()
        assert deleted == [""]
        assert (await store.totals()).messages == 0


async def test_what_is_pending_is_written_before_the_end() -> None:
    store = FailingStore()
    async with world(store) as w:
        queue = await w.queue()
        w.subscribe(queue)
        sent = [w.send(queue, str(n)) for n in range(20)]
    assert sent == [[""]] * 20
    assert len(store.written) == 20


async def test_too_much_at_once_is_told_to_come_back() -> None:
    store = FailingStore()
    async with world(store, Limits(pending_bytes=3 * 4608)) as w:
        queue = await w.queue()
        store.slow.clear()
        w.send(queue, "under way")
        await settle()
        answers = [w.send(queue, str(n)) for n in range(5)]
        assert answers == [[], [], [], ["busy"], ["busy"]]
        store.slow.set()
        await settle()
        assert answers[:3] == [[""]] * 3
        assert w.send(queue, "room again") == []


ROOMY = Limits(quota_messages=4096, quota_bytes=2**30)
# More queues than that have more messages under way than one transaction takes.
MANY = 2 * BATCH // IN_FLIGHT + 4


async def readers(w: World) -> list[tuple[LiveQueue, Ear]]:
    queues = [await w.queue(str(number)) for number in range(MANY)]
    return [(queue, w.subscribe(queue)) for queue in queues]


def fill(w: World, found: list[tuple[LiveQueue, Ear]], text: str) -> None:
    for queue, _ in found:
        for number in range(IN_FLIGHT):
            w.send(queue, f"{text} {number}")


def empty(w: World, found: list[tuple[LiveQueue, Ear]]) -> None:
    for queue, ear in found:
        for name in ear.ids:
            w.delete(queue, name)
        ear.pushed.clear()


async def test_under_pressure_what_most_recipients_delete_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "PATIENCE", 0.0)
    monkeypatch.setattr(writer, "PRESSED", 1e6)
    store = FailingStore()
    async with world(store, ROOMY) as w:
        found = await readers(w)
        fill(w, found, "quick")
        empty(w, found)
        await settle()
        fill(w, found, "slow")
        await settle()
        assert store.written == [], "they have longer now"
        empty(w, found)
        await settle()
        assert store.written == []
        assert w.relay.metrics.elided == 2 * MANY * IN_FLIGHT
        # The pressure is gone: one message alone waits no longer than ever.
        sent = w.send(found[0][0], "alone")
        await settle()
        assert sent == [""]


async def test_pressure_gives_no_time_to_those_who_do_not_use_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "PATIENCE", 0.0)
    monkeypatch.setattr(writer, "PRESSED", 1e6)
    store = FailingStore()
    async with world(store, ROOMY) as w:
        found = await readers(w)
        fill(w, found[:4], "unread")
        await settle()
        assert len(store.written) == 4 * IN_FLIGHT, "there is no pressure yet"
        fill(w, found[4:], "unread too")
        await settle()
        await settle()
        assert len(store.written) == MANY * IN_FLIGHT
