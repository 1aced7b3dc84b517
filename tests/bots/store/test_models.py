from pathlib import Path

from tortoise.context import TortoiseContext

from graphchat.store import Cursor, Database
from graphchat_bots.store import BOT


def schema(cursor: Cursor) -> set[tuple[str, ...]]:
    """Return the columns and indexes of all tables."""
    found: set[tuple[str, ...]] = set()
    tables = cursor.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'bot_%'"
    ).fetchall()
    for (table,) in tables:
        for row in cursor.execute(f"PRAGMA table_info({table})").fetchall():
            found.add((table, *map(str, row[1:])))
        for row in cursor.execute(f"PRAGMA index_list({table})").fetchall():
            columns = cursor.execute(f"PRAGMA index_info({row[1]})").fetchall()
            found.add((table, str(row[2]), *(str(column[2]) for column in columns)))
    return found


async def test_the_migrated_schema_is_the_one_of_the_models(tmp_path: Path) -> None:
    async with Database.open(tmp_path / "migrated.db", None, app=BOT) as database:
        migrated = await database.read(schema)
    async with TortoiseContext() as context:
        await context.init(
            config={
                "connections": {"bot": f"sqlite://{tmp_path / 'generated.db'}"},
                "apps": {"bot": {"models": [BOT.models], "default_connection": "bot"}},
            }
        )
        await context.generate_schemas()
        connection = context.connections.get("bot")
        rows: set[tuple[str, ...]] = set()
        for (table,) in {(t[0],) for t in migrated}:
            for row in await connection.execute_query_dict(f"PRAGMA table_info({table})"):
                rows.add((table, *(str(value) for value in list(row.values())[1:])))
            for row in await connection.execute_query_dict(f"PRAGMA index_list({table})"):
                columns = await connection.execute_query_dict(f"PRAGMA index_info({row['name']})")
                rows.add((table, str(row["unique"]), *(str(c["name"]) for c in columns)))
    assert migrated == rows
    assert len(migrated) > 30
