import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from textwrap import dedent
from typing import cast

import pytest
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.utils import get_schema_sql

from graphchat.errors import StoreError
from graphchat.store import Cursor, Database, Row, schema
from graphchat.store.schema import CLIENT, App

MODELS = """
    from tortoise import fields
    from tortoise.models import Model

    class Parent(Model):
        id = fields.IntField(primary_key=True)
        name = fields.CharField(max_length=10)
        class Meta(Model.Meta):
            table = "shelf_parent"
"""
FIRST = """
    from tortoise import fields, migrations
    from tortoise.migrations import operations as ops

    class Migration(migrations.Migration):
        initial = True
        operations = [
            ops.CreateModel(
                name="Parent",
                fields=[
                    ("id", fields.IntField(generated=True, primary_key=True)),
                    ("name", fields.CharField(max_length=10)),
                    ("old", fields.IntField(null=True)),
                ],
                options={"table": "shelf_parent", "app": "shelf", "pk_attr": "id"},
                bases=["Model"],
            ),
            ops.RunSQL(
                "CREATE TABLE shelf_child(p REFERENCES shelf_parent(id) ON DELETE CASCADE)"
            ),
            ops.RunSQL("CREATE VIRTUAL TABLE shelf_words USING fts5(text)"),
        ]
"""
SECOND = """
    from tortoise import fields, migrations
    from tortoise.migrations import operations as ops

    class Migration(migrations.Migration):
        dependencies = [("shelf", "m0001_initial")]
        operations = [ops.RemoveField(model_name="Parent", name="old")]
"""
FAILING = """
    from tortoise import fields, migrations
    from tortoise.migrations import operations as ops

    class Migration(migrations.Migration):
        dependencies = [("shelf", "m0002_without")]
        operations = [
            ops.RunSQL("CREATE TABLE shelf_extra(a)"),
            ops.RunSQL("INSERT INTO shelf_nowhere VALUES (1)"),
        ]
"""


def marks(cursor: Cursor) -> tuple[Row | None, list[Row]]:
    version = cursor.execute("PRAGMA schema_version").fetchone()
    return version, cursor.execute("SELECT app, name FROM tortoise_migrations").fetchall()


def shape(cursor: Cursor) -> dict[str, object]:
    """Describe every table by what SQLite knows of it, not by how it was written."""

    def rows(sql: str, *args: object) -> list[Row]:
        return cursor.execute(sql, args).fetchall()

    tables = rows(
        "SELECT name, sql LIKE '%AUTOINCREMENT%' FROM sqlite_master WHERE type = 'table'"
        " AND name GLOB 'client_*' AND name NOT GLOB 'client_words*' ORDER BY name"
    )
    return {
        name: (
            counts,
            sorted(
                rows(
                    'SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info(?)', name
                )
            ),
            sorted(
                (unique, rows("SELECT name FROM pragma_index_info(?) ORDER BY seqno", index))
                for index, unique in rows('SELECT name, "unique" FROM pragma_index_list(?)', name)
            ),
            sorted(
                rows(
                    'SELECT "table", "from", "to", on_delete FROM pragma_foreign_key_list(?)', name
                )
            ),
        )
        for name, counts in tables
    }


@asynccontextmanager
async def shelf(tmp_path: Path, *migrations: tuple[str, str]) -> AsyncIterator[Database]:
    """Open a database of another app, with exactly these migrations."""
    package = tmp_path / "shelf"
    (package / "history").mkdir(parents=True, exist_ok=True)
    for old in (package / "history").glob("*.py"):
        old.unlink()
    for name, text in [("../__init__", ""), ("../models", MODELS), ("__init__", ""), *migrations]:
        (package / "history" / f"{name}.py").write_text(dedent(text))
    for name in [name for name in sys.modules if name.split(".")[0] == "shelf"]:
        del sys.modules[name]
    app = App("shelf", "shelf.models", "shelf.history")
    schema._FRESH.pop(app, None)  # another program, in truth
    async with Database.open(tmp_path / "shelf.db", None, app=app) as db:
        yield db


M1, M2, M3 = ("m0001_initial", FIRST), ("m0002_without", SECOND), ("m0003_failing", FAILING)


async def test_the_migrated_schema_is_the_one_of_the_models(db: Database, tmp_path: Path) -> None:
    migrated = await db.read(shape)
    async with TortoiseContext() as context:
        plain = {"engine": "tortoise.backends.sqlite", "credentials": {"file_path": ":memory:"}}
        await context.init(
            config={"connections": {"client": plain}, "apps": {"client": CLIENT.config()}}
        )
        script = get_schema_sql(context.connections.get("client"), safe=False)
    with closing(sqlite3.connect(":memory:")) as connection:
        generated = shape(cast("Cursor", connection.executescript(script)))
    assert migrated.keys() == generated.keys()
    for table, described in generated.items():
        assert migrated[table] == described


async def test_ids_of_events_never_repeat(db: Database) -> None:
    def work(cursor: Cursor) -> list[int]:
        insert = (
            "INSERT INTO client_event(profile_id, connection, kind, data, created_at)"
            " VALUES (1, 0, '', x'', 0)"
        )
        cursor.execute(
            "INSERT INTO client_profile(id, name, card, created_at) VALUES (1,'',x'',0)"
        )
        ids = []
        for _ in range(3):
            ids.append(cursor.execute(insert).lastrowid)
            cursor.execute("DELETE FROM client_event")
        return ids

    assert await db.write(work) == [1, 2, 3]


async def test_a_second_database_in_a_process_is_like_the_first(tmp_path: Path) -> None:
    schema._FRESH.pop(CLIENT, None)
    found = []
    for name in ("migrated", "copied"):
        async with Database.open(tmp_path / name, None) as db:
            dump = "SELECT type, name, sql FROM sqlite_master ORDER BY name"
            rows = await db.read(lambda cursor, dump=dump: cursor.execute(dump).fetchall())  # type: ignore[misc]
            found.append((rows, (await db.read(marks))[1]))
    assert found[0] == found[1]
    assert len(found[0][0]) > 20


async def test_opening_again_changes_nothing(path: Path) -> None:
    found = []
    for _ in range(3):
        async with Database.open(path, None) as db:
            found.append(await db.read(marks))
    assert found[0] == found[1] == found[2]
    applied = [name for app, name in found[0][1] if app == "client"]
    assert len(applied) == len(found[0][1]) == CLIENT.version
    assert applied[0] == "m0001_initial"


async def test_a_newer_database_is_refused_and_left_alone(path: Path) -> None:
    async with Database.open(path, None) as db:
        await db.read(lambda cursor: cursor.execute(f"PRAGMA user_version={CLIENT.version + 1}"))
    for _ in range(2):
        with pytest.raises(StoreError, match="newer version"):
            async with Database.open(path, None):
                raise AssertionError


async def test_an_older_database_keeps_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    async with shelf(tmp_path, M1) as db:
        await db.write(lambda c: c.execute("INSERT INTO shelf_parent(name, old) VALUES ('a', 1)"))
        await db.write(lambda c: c.execute("INSERT INTO shelf_child VALUES (1)"))
    async with shelf(tmp_path, M1, M2) as db:
        rows = await db.read(lambda c: c.execute("SELECT * FROM shelf_parent").fetchall())
        assert rows == [(1, "a")]
        assert await db.read(lambda c: c.execute("SELECT * FROM shelf_child").fetchall()) == [(1,)]
        await db.write(lambda c: c.execute("DELETE FROM shelf_parent"))
        assert await db.read(lambda c: c.execute("SELECT * FROM shelf_child").fetchall()) == []


async def test_virtual_tables_are_copied_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    async with shelf(tmp_path, M1, M2):
        pass
    app = App("shelf", "shelf.models", "shelf.history")
    assert app in schema._FRESH
    async with Database.open(tmp_path / "copied.db", None, app=app) as db:
        await db.write(lambda c: c.execute("INSERT INTO shelf_words VALUES ('quick brown fox')"))
        found = "SELECT count(*) FROM shelf_words WHERE shelf_words MATCH 'brown'"
        assert await db.read(lambda c: c.execute(found).fetchall()) == [(1,)]


async def test_a_migration_that_fails_leaves_the_older_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    async with shelf(tmp_path, M1) as db:
        await db.write(lambda c: c.execute("INSERT INTO shelf_parent(name, old) VALUES ('a', 1)"))
        before = await db.read(marks)
    with pytest.raises(OperationalError, match="shelf_nowhere"):
        async with shelf(tmp_path, M1, M2, M3):
            raise AssertionError
    async with shelf(tmp_path, M1) as db:
        assert await db.read(marks) == before
        rows = await db.read(lambda c: c.execute("SELECT * FROM shelf_parent").fetchall())
        assert rows == [(1, "a", 1)]
