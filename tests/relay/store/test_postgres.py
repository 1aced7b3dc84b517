import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from tests.postgres import Postgres
from tests.relay.store.contract import Contract, added, message, row

from graphchat.errors import StoreError
from graphchat_relay.store import Store
from graphchat_relay.store.opening import open_store
from graphchat_relay.store.postgres import PostgresStore


@pytest.fixture
def dsn(postgres: Postgres) -> str:
    return postgres.database()


@pytest.fixture
async def store(dsn: str) -> AsyncIterator[Store]:
    found = await open_store(dsn)
    yield found
    await found.close()


class TestPostgres(Contract):
    """PostgreSQL keeps the contract of all stores."""


async def test_replicas_that_start_together_make_one_schema_and_one_identity(dsn: str) -> None:
    stores = await asyncio.gather(*(PostgresStore.open(dsn) for _ in range(4)))
    seeds = await asyncio.gather(
        *(store.identity(bytes([number]) * 32) for number, store in enumerate(stores))
    )
    assert len(set(seeds)) == 1
    for store in stores:
        await store.close()


async def test_positions_and_epochs_rise_over_all_replicas(dsn: str) -> None:
    one, two = await PostgresStore.open(dsn), await PostgresStore.open(dsn)
    given: list[int] = []
    for _ in range(5):
        given += [*await one.reserve(3), await two.epoch(), *await two.reserve(2)]
    assert given == sorted(set(given))
    await one.close()
    await two.close()


async def test_a_queue_that_is_removed_while_another_replica_writes_leaves_nothing(
    dsn: str,
) -> None:
    one, two = await PostgresStore.open(dsn), await PostgresStore.open(dsn)
    for number in range(20):
        queue = await added(one, f"queue {number}")
        positions = await one.reserve(50)
        rows = [message(queue.key, position) for position in positions]
        await asyncio.gather(one.write(rows, []), two.remove(queue.key))
        assert await two.heads([queue.key]) == []
    assert (await one.totals()).messages == 0
    await one.close()
    await two.close()


async def test_replicas_that_expire_together_count_each_message_once(dsn: str) -> None:
    one, two = await PostgresStore.open(dsn), await PostgresStore.open(dsn)
    queue = await added(one, "queue", sender_key=b"s" * 32)
    await one.write([message(queue.key, n, ts=n) for n in await one.reserve(100)], [])
    found: list[int] = []
    while (await one.totals()).messages:
        for heads in await asyncio.gather(*(s.expire_messages(10**6, 7) for s in (one, two))):
            found += [head.position for head in heads]
    assert len(found) == len(set(found)) == 100
    await one.close()
    await two.close()


async def test_the_senders_key_is_seen_by_the_other_replica(dsn: str) -> None:
    one, two = await PostgresStore.open(dsn), await PostgresStore.open(dsn)
    queue = await added(one, "queue")
    assert await two.sender_keys([queue.key, queue.key + 1]) == {queue.key: b""}
    assert await one.secure(queue.key, b"a" * 32)
    assert not await two.secure(queue.key, b"b" * 32)
    assert await two.sender_keys([queue.key]) == {queue.key: b"a" * 32}
    await one.close()
    await two.close()


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://hunter2@127.0.0.1:1/none?sslmode=hunter2",
        "postgresql://nobody:hunter2@127.0.0.1:1/none",
        "postgresql://hunter2:hunter2@127.0.0.1:hunter2/none",
    ],
)
async def test_a_database_that_cannot_be_reached_is_told_without_its_password(dsn: str) -> None:
    with pytest.raises(StoreError) as caught:
        await open_store(dsn)
    assert "Check --store" in str(caught.value)
    assert "hunter2" not in str(caught.value)


async def test_a_server_that_goes_away_is_a_store_that_fails(postgres: Postgres, dsn: str) -> None:
    store = await PostgresStore.open(dsn)
    name = dsn.rpartition("/")[2]
    end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    postgres.psql("postgres", end)
    # The pool connects anew, one by one.
    for _ in range(20):
        with suppress(StoreError):
            await store.create(row("one"))
            break
    assert len(await store.by_recipient([row("one").recipient])) == 1
    await store.close()
