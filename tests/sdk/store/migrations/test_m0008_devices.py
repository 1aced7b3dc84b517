from pathlib import Path

from tortoise.migrations.operations import CreateModel

from graphchat.store import Cursor, Database
from graphchat.store.migrations.m0008_devices import Migration


def tables(cursor: Cursor) -> set[str]:
    return {name for (name,) in cursor.execute("SELECT name FROM sqlite_master")}


async def test_each_of_its_tables_is_in_a_new_database(tmp_path: Path) -> None:
    made = {
        (op.options or {})["table"] for op in Migration.operations if isinstance(op, CreateModel)
    }
    assert len(made) == len(Migration.operations)
    async with Database.open(tmp_path / "alice.db", None) as db:
        assert made <= await db.read(tables)
