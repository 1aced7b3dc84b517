from pathlib import Path

from graphchat.store import Cursor, Database
from graphchat.store.migrations.m0003_words import Migration

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
