from pathlib import Path

from graphchat.store import Cursor, Database
from graphchat.store.migrations.m0004_messages import Migration


def columns(table: str, cursor: Cursor) -> set[str]:
    found = cursor.execute("SELECT name FROM pragma_table_info(?)", (table,))
    return {name for (name,) in found}


async def test_what_is_not_said_about_a_message_is_nothing(tmp_path: Path) -> None:
    async with Database.open(tmp_path / "alice.db", None) as db:
        found = await db.read(lambda cursor: columns("client_message", cursor))
        assert {"edited_at", "deleted_at", "lasts", "expires_at"} <= found
        plan = await db.read(
            lambda cursor: cursor.execute(
                "EXPLAIN QUERY PLAN SELECT id FROM client_message WHERE expires_at <= 5"
            ).fetchall()
        )
        assert "client_message_expiry" in str(plan)


def test_it_follows_the_one_before() -> None:
    assert Migration.dependencies == [("client", "m0003_words")]
