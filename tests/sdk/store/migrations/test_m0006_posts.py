from pathlib import Path

from graphchat.store import Cursor, Database
from graphchat.store.migrations.m0006_posts import Migration


def made(cursor: Cursor) -> set[str]:
    return {
        name
        for (name,) in cursor.execute(
            "SELECT name FROM sqlite_master WHERE name LIKE 'client\\_words\\_post%' ESCAPE '\\'"
            " AND type IN ('table', 'trigger')"
        )
    }


def _post(cursor: Cursor) -> None:
    cursor.execute(
        "INSERT INTO client_profile (id, name, card, created_at) VALUES (1, 'A', x'', 0)"
    )
    cursor.execute(
        "INSERT INTO client_group (id, profile_id, gid, status, machine, created_at)"
        " VALUES (1, 1, x'11', 'member', x'', 0)"
    )
    cursor.execute(
        "INSERT INTO client_group_post (id, group_id, author, seq, msg_id, origin, outgoing, text,"
        " data, sent_at, state, carrier, carrier_seq)"
        " VALUES (5, 1, x'aa', 1, x'bb', 0, 0, 'the harbour', x'cc', 0, 'held', 0, 0)"
    )


def found(word: str, cursor: Cursor) -> list[int]:
    rows = cursor.execute(
        "SELECT rowid FROM client_words_post WHERE client_words_post MATCH ?", (word,)
    )
    return [row[0] for row in rows]


async def test_the_index_follows_the_posts(tmp_path: Path) -> None:
    async with Database.open(tmp_path / "alice.db", None) as db:
        tables = await db.read(made)
        assert {f"client_words_post_{what}" for what in ("insert", "delete", "update")} <= tables
        await db.write(_post)
        assert await db.read(lambda c: found("harbour", c)) == [5]
        change = "UPDATE client_group_post SET id = 9, text = 'the station' WHERE id = 5"
        await db.write(lambda c: c.execute(change))
        assert await db.read(lambda c: found("harbour", c)) == []
        assert await db.read(lambda c: found("station", c)) == [9]
        await db.write(lambda c: c.execute("DELETE FROM client_group_post"))
        assert await db.read(lambda c: found("station", c)) == []


def test_it_follows_the_groups() -> None:
    assert Migration.dependencies == [("client", "m0005_groups")]
