from pathlib import Path
from types import SimpleNamespace

from tortoise.connection import get_connection

from graphchat.store import Cursor, Database
from graphchat.store.migrations import m0003_words
from graphchat.store.migrations.m0003_words import Migration
from graphchat.store.schema import CLIENT

_SETTING = "SELECT v FROM client_words_config WHERE k = 'secure-delete'"


def triggers(cursor: Cursor) -> set[str]:
    found = cursor.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'client_message'"
    )
    return {name for (name,) in found}


async def test_every_change_of_a_message_has_its_trigger(tmp_path: Path) -> None:
    assert Migration.dependencies == [("client", "m0002_evidence")]
    wanted = {f"client_words_{what}" for what in ("insert", "delete", "update")}
    async with Database.open(tmp_path / "alice.db", None) as db:
        assert await db.read(triggers) == wanted


async def test_the_index_wipes_what_it_forgets(tmp_path: Path) -> None:
    # The second database of a process is a copy of the first.
    for name in ("migrated.db", "copied.db"):
        async with Database.open(tmp_path / name, None) as db:
            assert await db.read(lambda cursor: cursor.execute(_SETTING).fetchall()) == [(1,)]


def make_old(cursor: Cursor) -> None:
    """Make the database one of before this migration, with a message in it."""
    for name in ("insert", "delete", "update"):
        cursor.execute(f"DROP TRIGGER client_words_{name}")
    cursor.execute("DROP TABLE client_words")
    cursor.execute(
        "INSERT INTO client_profile (id, name, card, created_at) VALUES (1, 'Alice', x'', 0)"
    )
    cursor.execute(
        "INSERT INTO client_connection VALUES (1, x'01', 'Bob', 'person', 'established', 2, 0,"
        " x'', 0, 1)"
    )
    cursor.execute(_PUT)


_PUT = (
    "INSERT INTO client_message (connection_id, msg_id, outgoing, kind, text, data, sent_at,"
    " received_at, state) VALUES (1, x'01', 0, 'text', 'an old harbour', x'', 0, 0, '')"
)
_FIND = "SELECT rowid FROM client_words WHERE client_words MATCH 'harbour'"


async def test_what_was_said_before_is_found(tmp_path: Path) -> None:
    async with Database.open(tmp_path / "alice.db", None) as db:
        await db.write(make_old)
        with db.orm():
            await m0003_words._make(None, SimpleNamespace(client=get_connection(CLIENT.label)))
        assert await db.read(lambda cursor: cursor.execute(_FIND).fetchall()) == [(1,)]
        assert len(await db.read(triggers)) == 3
