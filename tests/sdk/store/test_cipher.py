import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlcipher3 import dbapi2 as sqlcipher
from tortoise.exceptions import DoesNotExist, OperationalError

from graphchat.errors import StoreConflictError, StoreError
from graphchat.secret import Secret
from graphchat.store.cipher import connect, standard_errors, store_errors

KEY = Secret(bytes(range(32)))


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Any]:
    connection = connect(tmp_path / "a.db", KEY)
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("secure_delete", 1),
        ("foreign_keys", 1),
        ("temp_store", 2),
        ("trusted_schema", 0),
        ("busy_timeout", 5000),
        ("cell_size_check", 1),
    ],
)
def test_settings_are_in_force(connection: Any, setting: str, value: object) -> None:
    assert connection.execute(f"PRAGMA {setting}").fetchone()[0] == value


def test_it_is_sqlcipher_and_checks_every_page(connection: Any) -> None:
    assert connection.execute("PRAGMA cipher_version").fetchone()
    assert "PRAGMA cipher_use_hmac = 1;" in [
        setting for (setting,) in connection.execute("PRAGMA cipher_settings")
    ]


def test_another_key_does_not_open_it(connection: Any, tmp_path: Path) -> None:
    connection.execute("CREATE TABLE t(a)")
    connection.close()
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        connect(tmp_path / "a.db", Secret(bytes(32)))
    connect(tmp_path / "a.db", KEY).close()


def test_full_text_search_is_built_in(connection: Any) -> None:
    connection.execute("CREATE VIRTUAL TABLE f USING fts5(text)")
    connection.execute("INSERT INTO f VALUES ('the quick brown fox')")
    assert connection.execute("SELECT count(*) FROM f WHERE f MATCH 'brown'").fetchone()[0] == 1


@pytest.mark.parametrize(
    "name",
    [
        "IntegrityError",
        "OperationalError",
        "ProgrammingError",
        "NotSupportedError",
        "InternalError",
        "InterfaceError",
        "DataError",
        "DatabaseError",
    ],
)
def test_each_error_has_its_twin(name: str) -> None:
    with pytest.raises(sqlite3.Error, match="what happened") as caught, standard_errors():
        raise getattr(sqlcipher, name)("what happened")
    assert type(caught.value) is getattr(sqlite3, name)


def fail(connection: Any, sql: str) -> None:
    with store_errors(), standard_errors():
        connection.execute(sql)


def test_errors_become_sentences(connection: Any) -> None:
    connection.execute("CREATE TABLE t(a UNIQUE)")
    connection.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(StoreConflictError):
        fail(connection, "INSERT INTO t VALUES (1)")
    connection.execute("PRAGMA max_page_count=3")
    with pytest.raises(StoreError, match="disk is full"):
        fail(connection, "INSERT INTO t VALUES (randomblob(100000))")
    connection.execute("PRAGMA query_only=ON")
    with pytest.raises(StoreError, match="read-only"):
        fail(connection, "INSERT INTO t VALUES (2)")


def test_bugs_stay_bugs(connection: Any) -> None:
    with pytest.raises(sqlite3.OperationalError, match="syntax error"):
        fail(connection, "SELEC")
    with pytest.raises(sqlite3.ProgrammingError):
        fail(connection, "SELECT ?")
    with pytest.raises(DoesNotExist), store_errors():
        raise DoesNotExist("Setting")
    with pytest.raises(OperationalError), store_errors():
        raise OperationalError


def test_what_tortoise_wrapped_is_understood() -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorname = "SQLITE_FULL"
    with pytest.raises(StoreError, match="disk is full"), store_errors():
        raise OperationalError(full)
