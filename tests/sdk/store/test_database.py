import asyncio
import logging
import sqlite3
import stat
import threading
from pathlib import Path

import pytest
from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError
from tortoise.models import Model
from tortoise.transactions import in_transaction

from graphchat.clock import SystemClock
from graphchat.crypto import vault
from graphchat.crypto.vault import Strength
from graphchat.errors import (
    PassphraseError,
    StateError,
    StoreBusyError,
    StoreConflictError,
    StoreError,
)
from graphchat.store import Cursor, Database
from graphchat.store.models import ConnectionRow, MessageRow, ProfileRow, Setting

PUT = "INSERT INTO client_setting(key, value) VALUES (?, ?)"
ORPHAN = (
    "INSERT INTO client_event(profile_id, connection, kind, data, created_at)"
    " VALUES (99, 0, 'x', x'', 0)"
)
MARKER = "Plant4711"


def put(key: str, value: bytes = b"") -> "Work":
    return Work(key, value)


class Work:
    """Insert one setting."""

    def __init__(self, key: str, value: bytes) -> None:
        self.args = (key, value)

    def __call__(self, cursor: Cursor) -> None:
        cursor.execute(PUT, self.args)


def keys(cursor: Cursor) -> list[str]:
    return [key for (key,) in cursor.execute("SELECT key FROM client_setting ORDER BY key")]


def bytes_beside(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(path.parent.iterdir()))


# Opening


async def test_what_was_written_is_there_after_reopening(path: Path, cheap: Strength) -> None:
    for name in ("first", "second"):
        async with Database.open(path, "correct horse", strength=cheap) as db:
            await db.write(put(name))
    async with Database.open(path, "correct horse") as db:
        assert await db.read(keys) == ["first", "second"]


async def test_files_are_for_their_owner_alone(db: Database, path: Path) -> None:
    await db.write(put("a"))
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    names = ["alice.db", "alice.db-shm", "alice.db-wal", "alice.db.lock", "alice.db.vault"]
    assert modes == dict.fromkeys(names, 0o600)


async def test_the_permissions_of_an_existing_folder_stay(path: Path) -> None:
    path.parent.mkdir(mode=0o755)
    async with Database.open(path, None):
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o755


async def test_nothing_is_on_disk_in_clear(path: Path, cheap: Strength) -> None:
    async with Database.open(path, f"passphrase {MARKER}", strength=cheap) as db:
        await db.write(put(MARKER, MARKER.encode() * 1000))
        with db.orm():
            await ProfileRow.create(name=MARKER, card=MARKER.encode(), created_at=1.0)
        while_open = bytes_beside(path)
        key = vault.unlock(path.with_name("alice.db.vault").read_bytes(), f"passphrase {MARKER}")
        wal = path.with_name("alice.db-wal").stat().st_size
    assert wal > len(MARKER) * 1000  # the log was looked at while it held the rows
    for data in (while_open, bytes_beside(path)):
        for secret in (MARKER.encode(), key.reveal(), key.reveal().hex().encode()):
            assert secret not in data
            assert secret.upper() not in data
        assert b"client_setting" not in data
        assert b"SQLite format" not in data


async def test_the_standard_library_cannot_read_it(path: Path) -> None:
    async with Database.open(path, None):
        pass
    plain = sqlite3.connect(path)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        plain.execute("SELECT * FROM sqlite_master")
    plain.close()


@pytest.mark.parametrize("wrong", ["wrong", None])
async def test_a_wrong_passphrase_is_said_in_one_line(
    path: Path, cheap: Strength, wrong: str | None
) -> None:
    async with Database.open(path, "correct horse", strength=cheap):
        pass
    with pytest.raises(PassphraseError) as caught:
        async with Database.open(path, wrong):
            raise AssertionError
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None
    async with Database.open(path, "correct horse"):
        pass


async def test_an_unprotected_database_opens_without_a_passphrase(path: Path) -> None:
    async with Database.open(path, None) as db:
        await db.write(put("a"))
    async with Database.open(path, None) as db:
        assert await db.read(keys) == ["a"]
    with pytest.raises(PassphraseError, match="no passphrase"):
        async with Database.open(path, "something"):
            raise AssertionError


async def test_a_second_opening_is_refused_until_the_first_ends(
    path: Path, cheap: Strength
) -> None:
    async with Database.open(path, "correct horse", strength=cheap):
        with pytest.raises(StoreBusyError):
            async with Database.open(path, "correct horse"):
                raise AssertionError
    async with Database.open(path, "correct horse"):
        pass


async def test_a_refused_passphrase_keeps_no_lock_and_no_thread(
    path: Path, cheap: Strength
) -> None:
    async with Database.open(path, "correct horse", strength=cheap):
        pass
    for _ in range(3):
        with pytest.raises(PassphraseError):
            async with Database.open(path, "wrong"):
                raise AssertionError
    assert [thread for thread in threading.enumerate() if "connection_worker" in thread.name] == []


async def test_an_unusable_place_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="cannot be used"):
        async with Database.open(tmp_path / "file" / "alice.db", None):
            raise AssertionError


async def test_errors_of_the_caller_pass_unchanged(path: Path) -> None:
    error = OSError("the caller's own")
    with pytest.raises(OSError, match="the caller's own") as caught:
        async with Database.open(path, None):
            raise error
    assert caught.value is error


def test_opening_can_be_cancelled_anywhere(path: Path) -> None:
    async def work() -> None:
        async with Database.open(path, None) as db:
            await db.write(lambda cursor: cursor.execute("PRAGMA user_version"))

    async def cancelled(steps: int) -> bool:
        task = asyncio.create_task(work())
        for _ in range(steps):
            # Another thread does half of the work.
            await asyncio.sleep(0.001 if steps % 2 else 0)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            await task
        return task.cancelled()

    # A loop that closes at once: a thread that is left behind cannot speak to it.
    steps = 0
    while asyncio.run(cancelled(steps)):
        steps += 1
        if steps % 3:  # start anew, or go on with what is there
            for file in path.parent.glob("*"):
                file.unlink()
    assert steps > 3
    asyncio.run(work())


# Work


async def test_a_write_returns_what_its_function_returns(db: Database) -> None:
    def work(cursor: Cursor) -> tuple[int, int]:
        cursor.executemany(PUT, [("a", b"1"), ("b", b"2")])
        changed = cursor.rowcount
        return changed, cursor.execute(PUT, ("c", b"3")).lastrowid

    assert await db.write(work) == (2, 3)
    rows = await db.read(lambda c: c.execute("SELECT key, value FROM client_setting").fetchall())
    assert rows == [("a", b"1"), ("b", b"2"), ("c", b"3")]


async def test_a_write_that_raises_changes_nothing(db: Database) -> None:
    def work(cursor: Cursor) -> None:
        cursor.execute(PUT, ("a", b""))
        raise LookupError("of the caller")

    with pytest.raises(LookupError, match="of the caller"):
        await db.write(work)
    assert await db.read(keys) == []
    await db.write(put("b"))
    assert await db.read(keys) == ["b"]


async def test_a_function_that_runs_out_of_rows_does_not_hang(db: Database) -> None:
    with pytest.raises(RuntimeError, match="no next row"):
        await asyncio.wait_for(
            db.read(lambda cursor: next(iter(cursor.execute("SELECT 1 WHERE 0")))), 10
        )


async def test_a_broken_constraint_is_a_conflict(db: Database) -> None:
    await db.write(put("a"))
    with pytest.raises(StoreConflictError):
        await db.write(put("a"))
    with pytest.raises(StoreConflictError):
        async with db.transaction() as transaction:
            await transaction.execute(PUT, ("a", b""))
    with pytest.raises(StoreConflictError), db.orm():
        await Setting.create(key="a", value=b"")
    with db.orm(), pytest.raises(IntegrityError):
        await Setting.create(key="a", value=b"")
    with pytest.raises(StoreConflictError):
        await db.write(lambda cursor: cursor.execute(ORPHAN))


async def test_wrong_sql_is_a_bug_and_not_the_fault_of_the_store(db: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await db.read(lambda cursor: cursor.execute("SELECT * FROM nowhere"))
    with pytest.raises(sqlite3.ProgrammingError):
        await db.read(lambda cursor: cursor.execute("SELECT ?", ()))


async def test_a_full_disk_is_said_and_survived(db: Database) -> None:
    pages = await db.read(lambda cursor: cursor.execute("PRAGMA page_count").fetchall()[0][0])
    await db.read(lambda cursor: cursor.execute(f"PRAGMA max_page_count={pages + 3}").fetchall())
    with pytest.raises(StoreError, match="disk is full"):
        await db.write(put("big", bytes(100_000)))
    await db.write(put("small"))
    assert await db.read(keys) == ["small"]


async def test_the_connection_is_usable_after_a_failed_commit(db: Database) -> None:
    def orphan(cursor: Cursor) -> None:
        cursor.execute("PRAGMA defer_foreign_keys=ON")
        cursor.execute(ORPHAN)

    async def in_steps() -> None:
        async with db.transaction() as transaction:
            await transaction.execute("PRAGMA defer_foreign_keys=ON")
            await transaction.execute(ORPHAN)

    with pytest.raises(StoreConflictError):
        await db.write(orphan)
    with pytest.raises(StoreConflictError):
        await in_steps()
    await db.write(put("a"))
    rows = await db.read(lambda cursor: cursor.execute("SELECT * FROM client_event").fetchall())
    assert rows == []
    assert await db.read(keys) == ["a"]


async def test_a_transaction_speaks_sql_and_models(db: Database) -> None:
    async with db.transaction() as transaction:
        await transaction.executemany(PUT, [("a", b"1"), ("b", b"2")])
        await Setting.create(key="c", value=b"3")
        profile = await transaction.insert(
            "INSERT INTO client_profile(name, card, created_at) VALUES (?, ?, ?)", ("A", b"", 1.5)
        )
        rows = await transaction.execute("SELECT key FROM client_setting ORDER BY key")
        assert rows == [("a",), ("b",), ("c",)]
        assert (await ProfileRow.get(id=profile)).created_at == 1.5
    assert await db.read(keys) == ["a", "b", "c"]


async def test_models_find_rows_by_their_bytes(db: Database) -> None:
    async with db.transaction():
        profile = await ProfileRow.create(name="A", card=b"", created_at=0.0)
        connection = await ConnectionRow.create(
            cid=bytes(16), profile=profile, name="Bob", kind="person", state="established",
            trust=2, owes=False, machine=b"", created_at=0.0,
        )  # fmt: skip
        await MessageRow.create(
            connection=connection, msg_id=b"\x00\xff" * 8, outgoing=True, kind="text", text="hi",
            data=b"", sent_at=0.0, received_at=0.0, state="sent",
        )  # fmt: skip
    with db.orm():
        assert await MessageRow.filter(msg_id=b"\x00\xff" * 8).count() == 1
        found = await ConnectionRow.get(cid=bytes(16))
        assert found.name == "Bob"
        await ProfileRow.all().delete()
        assert await MessageRow.all().count() == 0


async def test_a_transaction_that_fails_changes_nothing(db: Database) -> None:
    async def work() -> None:
        async with db.transaction() as transaction:
            await transaction.execute(PUT, ("a", b""))
            await Setting.create(key="b", value=b"")
            raise LookupError

    with pytest.raises(LookupError):
        await work()
    assert await db.read(keys) == []


async def test_the_inner_of_two_transactions_can_fail_alone(db: Database) -> None:
    async def inner() -> None:
        async with in_transaction("client"):
            await Setting.create(key="b", value=b"")
            raise LookupError

    async with db.transaction() as transaction:
        await transaction.execute(PUT, ("a", b""))
        with pytest.raises(LookupError):
            await inner()
        async with in_transaction("client"):
            await Setting.create(key="c", value=b"")
    assert await db.read(keys) == ["a", "c"]


async def test_one_transaction_waits_for_the_other(db: Database) -> None:
    order: list[str] = []

    async def worker(name: str) -> None:
        async with db.transaction() as transaction:
            order.append(name)
            await transaction.execute(PUT, (name, b""))
            await asyncio.sleep(0.01)
            order.append(name)

    await asyncio.gather(*map(worker, "abc"))
    assert order == ["a", "a", "b", "b", "c", "c"]


async def test_others_do_not_see_what_is_not_committed(db: Database) -> None:
    begun = asyncio.Event()
    finish = asyncio.Event()

    async def writer() -> None:
        async with db.transaction() as transaction:
            await transaction.execute(PUT, ("a", b""))
            begun.set()
            await finish.wait()
            raise LookupError

    task = asyncio.create_task(writer())
    await begun.wait()
    reader = asyncio.create_task(db.read(keys))
    await asyncio.sleep(0.01)
    assert not reader.done()
    finish.set()
    assert await reader == []
    with pytest.raises(LookupError):
        await task


async def test_a_task_is_told_instead_of_waiting_for_itself(db: Database) -> None:
    async with db.transaction() as transaction:
        with pytest.raises(StateError, match="inside a transaction"):
            await db.write(put("a"))
        with pytest.raises(StateError):
            await db.read(keys)
        with pytest.raises(StateError):
            async with db.transaction():
                raise AssertionError
        await transaction.execute(PUT, ("b", b""))
    assert await db.read(keys) == ["b"]


async def test_a_finished_transaction_is_of_no_use(db: Database) -> None:
    async with db.transaction() as transaction:
        pass
    with pytest.raises(StateError, match="has ended"):
        await transaction.execute(PUT, ("a", b""))
    assert await db.read(keys) == []


async def test_a_closed_database_is_of_no_use(path: Path) -> None:
    async with Database.open(path, None) as db:
        pass
    with pytest.raises(StateError, match="closed"):
        await db.write(put("a"))
    with pytest.raises(StateError, match="closed"):
        await db.read(keys)
    with pytest.raises(StateError, match="closed"):
        async with db.transaction():
            raise AssertionError


async def test_closing_rolls_back_a_transaction_that_is_still_open(path: Path) -> None:
    begun = asyncio.Event()

    async def straggler(db: Database) -> None:
        async with db.transaction() as transaction:
            await transaction.execute(PUT, ("a", b""))
            begun.set()
            await asyncio.sleep(3600)

    async with Database.open(path, None) as db:
        task = asyncio.create_task(straggler(db))
        await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    async with Database.open(path, None) as db:
        assert await db.read(keys) == []


async def test_work_that_meets_the_closing_is_told_so(path: Path) -> None:
    async def writes(db: Database, name: int) -> None:
        for number in range(100_000):
            await db.write(put(f"{name} {number}"))

    async def steps(db: Database, name: int) -> None:
        for number in range(100_000):
            async with db.transaction() as transaction:
                await transaction.execute(PUT, (f"{name} {number}", b""))
                await transaction.execute("SELECT 1")

    for pause in (0, 0.005, 0.01):
        async with Database.open(path, None) as db:
            await db.write(lambda cursor: cursor.execute("DELETE FROM client_setting"))
            work = [
                asyncio.create_task(writes(db, 1)),
                asyncio.create_task(writes(db, 2)),
                asyncio.create_task(steps(db, 3)),
                asyncio.create_task(steps(db, 4)),
            ]
            await asyncio.sleep(pause)
        done, pending = await asyncio.wait(work, timeout=10)
        assert not pending
        assert {type(task.exception()) for task in done} == {StateError}


# Cancellation


async def test_a_cancelled_transaction_is_rolled_back_wherever_it_was(db: Database) -> None:
    async def work() -> None:
        async with db.transaction() as transaction:
            await transaction.execute(PUT, ("a", b""))
            await Setting.create(key="b", value=b"")
            await transaction.executemany(PUT, [("c", b""), ("d", b"")])

    finished = 0
    for steps in range(500):
        task = asyncio.create_task(work())
        for _ in range(steps):
            await asyncio.sleep(0.0002 if steps % 2 else 0)
        task.cancel()
        await asyncio.wait([task])
        rows = await asyncio.wait_for(db.read(keys), 10)
        assert rows in ([], ["a", "b", "c", "d"])
        if not task.cancelled():
            assert rows
            finished += 1
            if finished == 3:
                break
        await db.write(lambda cursor: cursor.execute("DELETE FROM client_setting"))
    assert finished
    assert steps > 5


async def test_a_write_that_is_cancelled_before_its_commit_is_rolled_back(db: Database) -> None:
    begun, finish = threading.Event(), threading.Event()

    def work(cursor: Cursor) -> None:
        put("a")(cursor)
        begun.set()
        assert finish.wait(10)

    task = asyncio.create_task(db.write(work))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    await asyncio.wait([task])
    finish.set()
    assert task.cancelled()
    assert await db.read(keys) == []


@pytest.mark.parametrize("queue", ["of tasks", "of the thread"])
async def test_a_write_that_is_cancelled_in_a_queue_is_never_begun(
    db: Database, queue: str
) -> None:
    begun, finish = threading.Event(), threading.Event()
    ran: list[Cursor] = []

    def slow(cursor: Cursor) -> None:
        begun.set()
        assert finish.wait(10)

    first = asyncio.create_task(db.read(slow))
    await asyncio.to_thread(begun.wait)
    if queue == "of the thread":
        first.cancel()  # its turn ends, its function goes on
    waits = asyncio.create_task(db.write(ran.append))
    await asyncio.sleep(0.01)
    waits.cancel()
    await asyncio.wait([waits])
    finish.set()
    await asyncio.wait([first])
    assert await db.read(keys) == []
    assert ran == []


# Other matters


async def test_a_passphrase_can_be_changed(path: Path, cheap: Strength) -> None:
    async with Database.open(path, "old", strength=cheap) as db:
        await db.write(put("a"))
        with pytest.raises(PassphraseError):
            await db.change_passphrase("guess", "new", strength=cheap)
        await db.change_passphrase("old", "new", strength=cheap)
        await db.write(put("b"))
    with pytest.raises(PassphraseError):
        async with Database.open(path, "old"):
            raise AssertionError
    async with Database.open(path, "new") as db:
        assert await db.read(keys) == ["a", "b"]
        await db.change_passphrase("new", None)
    async with Database.open(path, None) as db:
        assert await db.read(keys) == ["a", "b"]


async def test_no_log_says_anything(
    path: Path, cheap: Strength, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "aiosqlite")  # a relay in this process makes it quiet
    async with Database.open(path, MARKER, strength=cheap) as db:
        await db.write(put(MARKER))
        async with db.transaction() as transaction:
            await transaction.execute(PUT, (MARKER + "2", MARKER.encode()))
            await Setting.create(key=MARKER + "3", value=b"")
        with pytest.raises(StoreConflictError), db.orm():
            await Setting.create(key=MARKER, value=MARKER.encode())
        key = vault.unlock(path.with_name("alice.db.vault").read_bytes(), MARKER)
    assert caplog.records  # aiosqlite's: it is on, and has nothing to say
    for text in (MARKER, MARKER.encode().hex(), key.reveal().hex(), "INSERT", "PRAGMA key"):
        assert text not in caplog.text


class Letter(Model):
    """A table of another role, in plain SQLite."""

    id = fields.IntField(primary_key=True)
    text = fields.TextField()

    class Meta(Model.Meta):
        table = "other_letter"


async def other_role(number: int) -> None:
    async with TortoiseContext() as context:
        plain = {"engine": "tortoise.backends.sqlite", "credentials": {"file_path": ":memory:"}}
        apps = {"other": {"models": [__name__], "default_connection": "other"}}
        await context.init(config={"connections": {"other": plain}, "apps": apps})
        await context.generate_schemas()
        for turn in range(5):
            async with in_transaction("other"):
                await Letter.create(text=f"{number} {turn}")
                await asyncio.sleep(0)
        texts = [letter.text for letter in await Letter.all().order_by("id")]
        assert texts == [f"{number} {turn}" for turn in range(5)]


async def person(number: int, path: Path, strength: Strength) -> None:
    async with Database.open(path, f"passphrase {number}", strength=strength) as db:

        async def one(turn: int) -> None:
            with db.orm():
                await Setting.create(key=f"{number} orm {turn}", value=b"")
            async with db.transaction() as transaction:
                await transaction.execute(PUT, (f"{number} sql {turn}", b""))
                await Setting.create(key=f"{number} both {turn}", value=b"")
            await db.write(put(f"{number} write {turn}"))

        await asyncio.gather(*map(one, range(3)))
        found = await db.read(keys)
        assert len(found) == 12
        assert all(key.startswith(f"{number} ") for key in found)


async def test_many_databases_and_other_roles_live_in_one_loop(
    tmp_path: Path, cheap: Strength
) -> None:
    people = (person(number, tmp_path / f"{number}.db", cheap) for number in range(30))
    await asyncio.gather(*people, *map(other_role, range(3)))


async def test_a_database_in_memory_is_in_no_file_and_gone_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        async with Database.in_memory(SystemClock()) as database:
            assert await database.read(keys) == []
            await database.write(put("key", b"value"))
            assert await database.read(keys) == ["key"]
            assert await asyncio.to_thread(lambda: list(tmp_path.iterdir())) == []
