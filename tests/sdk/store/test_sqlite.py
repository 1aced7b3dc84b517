import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2 as sqlcipher
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.schema_editor import SqliteSchemaEditor

from graphchat.errors import StateError
from graphchat.secret import Secret
from graphchat.store import sqlite
from graphchat.store.cipher import connect

KEY = Secret(bytes(32))


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[sqlite.SqlcipherClient]:
    place = tmp_path / "a.db"
    client = sqlite.SqlcipherClient(
        str(place), partial(connect, place, KEY), connection_name="test"
    )
    await client.create_connection(with_db=True)
    yield client
    await client.close()


def test_tortoise_takes_it_for_sqlite(client: sqlite.SqlcipherClient) -> None:
    editor = MigrationExecutor(client, {})._schema_editor()
    assert isinstance(editor, SqliteSchemaEditor)


async def test_a_script_stays_inside_its_transaction(client: sqlite.SqlcipherClient) -> None:
    connection = client.opened()
    await connection.run(sqlite.begin)
    await connection.executescript(
        "CREATE TABLE t(a); INSERT INTO t VALUES ('a;b');\n"
        "CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM t; SELECT 1; END; -- done\n"
    )
    assert connection.in_transaction
    rows = await connection.run(lambda plain: plain.execute("SELECT a FROM t").fetchall())
    assert [tuple(row) for row in rows] == [("a;b",)]
    await connection.run(sqlite.rollback)
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await connection.run(lambda plain: plain.execute("SELECT a FROM t"))


async def test_a_script_that_breaks_off_is_an_error(client: sqlite.SqlcipherClient) -> None:
    with pytest.raises(sqlite3.OperationalError, match="inside a statement"):
        await client.opened().executescript("SELECT 1; SELECT 'and")


async def test_errors_of_sqlcipher_do_not_leave_the_thread(
    client: sqlite.SqlcipherClient,
) -> None:
    with pytest.raises(sqlite3.OperationalError) as caught:
        await client.opened().execute("SELEC")
    assert not isinstance(caught.value, sqlcipher.Error)


async def test_a_closed_client_does_not_connect_again(client: sqlite.SqlcipherClient) -> None:
    await client.close()
    with pytest.raises(StateError, match="closed"):
        await client.execute_query("SELECT 1")
    with pytest.raises(StateError, match="closed"):
        client.opened()


async def test_a_cancelled_connecting_is_over_when_it_says_so(tmp_path: Path) -> None:
    begun, release, ended = threading.Event(), threading.Event(), threading.Event()

    def connector() -> object:
        begun.set()
        assert release.wait(10)
        connection = connect(tmp_path / "a.db", KEY)
        ended.set()
        return connection

    client = sqlite.SqlcipherClient("a.db", connector, connection_name="test")
    task = asyncio.create_task(client.create_connection(with_db=True))
    await asyncio.to_thread(begun.wait)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0.01)
    assert not task.done()
    release.set()
    await asyncio.wait([task])
    assert task.cancelled()
    assert ended.is_set()
    await client.close()


async def test_a_transaction_keeps_other_writers_out_from_its_beginning(
    client: sqlite.SqlcipherClient, tmp_path: Path
) -> None:
    await client.opened().run(sqlite.begin)
    other = connect(tmp_path / "a.db", KEY)
    other.execute("PRAGMA busy_timeout=0")
    with pytest.raises(sqlcipher.OperationalError, match="locked"):
        sqlite.begin(other)
    other.close()
    await client.opened().run(sqlite.rollback)


async def test_a_commit_that_fails_ends_the_transaction(client: sqlite.SqlcipherClient) -> None:
    connection = client.opened()
    await connection.executescript(
        "CREATE TABLE p(a PRIMARY KEY);"
        "CREATE TABLE c(a REFERENCES p DEFERRABLE INITIALLY DEFERRED);"
    )
    await connection.run(sqlite.begin)
    await connection.executescript("INSERT INTO c VALUES (1);")
    with pytest.raises(sqlite3.IntegrityError):
        await connection.run(sqlite.commit)
    assert not connection.in_transaction
