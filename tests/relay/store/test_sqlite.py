import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.relay.store.contract import Contract, added, message

from graphchat.errors import StoreBusyError, StoreError
from graphchat_relay.store import Store
from graphchat_relay.store.sqlite import SqliteStore


def contents(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


def rights(folder: Path) -> set[int]:
    """Return what others than the owner may do with a folder and what is in it."""
    return {path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())}


def cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "relay" / "relay.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    found = await SqliteStore.open(path)
    yield found
    await found.close()


class TestSqlite(Contract):
    """SQLite keeps the contract of all stores."""


async def test_what_was_written_is_there_after_a_restart(path: Path) -> None:
    store = await SqliteStore.open(path)
    queue = await added(store, "one")
    await store.write([message(queue.key, 5)], [])
    await store.close()
    store = await SqliteStore.open(path)
    assert await store.bodies([5]) == {5: b"x" * 4608}
    assert list(await store.reserve(1)) == [6], "no position is given twice"
    await store.close()


async def test_a_write_is_all_or_nothing(store: SqliteStore) -> None:
    queue = await added(store, "one")
    await store.write([message(queue.key, 1)], [])
    with pytest.raises(StoreError, match="UNIQUE"):
        await store.write([message(queue.key, 2), message(queue.key, 1)], [1])
    assert [h.position for h in await store.heads([queue.key])] == [1]
    await store.write([message(queue.key, 2)], [])


async def test_only_one_relay_uses_a_database(store: SqliteStore, path: Path) -> None:
    with pytest.raises(StoreBusyError, match="Another relay"):
        await SqliteStore.open(path)


async def test_others_can_read_meanwhile(store: SqliteStore, path: Path) -> None:
    queue = await added(store, "one")
    await store.write([message(queue.key, 1)], [])
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        assert db.execute("SELECT count(*) FROM relay_message").fetchone() == (1,)
    db.close()


async def test_the_files_are_for_the_owner_only(store: SqliteStore, path: Path) -> None:
    await added(store, "one")
    assert rights(path.parent) == {0}


async def test_a_damaged_file_is_explained(path: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.db"
    await asyncio.to_thread(bad.write_bytes, b"this is no database" * 100)
    with pytest.raises(StoreError, match="not a database"):
        await SqliteStore.open(bad)
    # The lock was let go.
    await asyncio.to_thread(bad.unlink)
    await (await SqliteStore.open(bad)).close()


async def test_a_file_that_was_cut_is_noticed_at_start(path: Path) -> None:
    store = await SqliteStore.open(path)
    queue = await added(store, "one")
    await store.write([message(queue.key, n) for n in range(1, 30)], [])
    await store.close()
    cut(path)
    with pytest.raises(StoreError, match="Restore a copy"):
        await SqliteStore.open(path)


async def test_a_place_that_cannot_be_written_is_explained(path: Path) -> None:
    await (await SqliteStore.open(path)).close()
    with pytest.raises(StoreError, match="cannot be written"):
        await SqliteStore.open(path / "relay.db")


async def test_a_full_disk_is_an_error_and_later_none(store: SqliteStore, path: Path) -> None:
    queue = await added(store, "one")
    limit = await store._connection.run(
        lambda db: db.execute("PRAGMA max_page_count = 20").fetchone()[0]
    )
    assert limit <= 40
    with pytest.raises(StoreError, match="full"):
        await store.write([message(queue.key, n) for n in range(1, 200)], [])
    assert await store.heads([queue.key]) == []
    await store._connection.run(lambda db: db.execute("PRAGMA max_page_count = 10000").fetchone())
    await store.write([message(queue.key, 1)], [])
    assert await store.bodies([1]) == {1: b"x" * 4608}


async def test_a_probe_reaches_the_medium(store: SqliteStore, path: Path) -> None:
    log = path.with_name(f"{path.name}-wal")
    await store.tidy()
    assert log.stat().st_size == 0
    await store.probe()
    assert log.stat().st_size > 0
    await store._connection.run(lambda db: db.execute("PRAGMA query_only = ON").fetchall())
    with pytest.raises(StoreError):
        await store.probe()
    await store._connection.run(lambda db: db.execute("PRAGMA query_only = OFF").fetchall())


async def test_what_was_deleted_is_not_in_the_files(store: SqliteStore, path: Path) -> None:
    queue = await added(store, "one")
    secret = b"find me if you can" * 256
    await store.write([message(queue.key, 1, msg=secret)], [])
    assert secret[:100] in contents(path.parent)
    await store.write([], [1])
    await store.tidy()
    assert secret[:18] not in contents(path.parent)


async def test_a_removed_queue_is_not_in_the_files(store: SqliteStore, path: Path) -> None:
    queue = await added(store, "find me if you can")
    await store.write([message(queue.key, 1, msg=b"or me, if you can" * 271 + b"!")], [])
    await store.remove(queue.key)
    data = contents(path.parent)
    assert b"find me" not in data
    assert b"or me, if" not in data


async def test_a_queue_is_removed_even_if_the_log_cannot_be_emptied(path: Path) -> None:
    store = await SqliteStore.open(path)
    queue = await added(store, "one")

    def refuse(action: int, name: str | None, *_: object) -> int:
        refused = action == sqlite3.SQLITE_PRAGMA and name == "wal_checkpoint"
        return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK

    await store._connection.run(lambda db: db.set_authorizer(refuse))
    with pytest.raises(StoreError):
        await store.tidy()
    await store.remove(queue.key)
    assert await store.by_recipient([queue.recipient]) == {}
    await store.close()


async def test_many_stores_live_in_one_process(tmp_path: Path) -> None:
    stores = await asyncio.gather(*(SqliteStore.open(tmp_path / f"{n}.db") for n in range(5)))
    for number, store in enumerate(stores):
        await added(store, str(number))
    for number, store in enumerate(stores):
        name = str(number).encode().ljust(32, b"r")
        others = [str(n).encode().ljust(32, b"r") for n in range(5)]
        assert (await store.by_recipient(others)).keys() == {name}
        await store.close()
