import sqlite3
from pathlib import Path

import pytest

from graphchat.errors import NotFoundError, PassphraseError, StoreError
from graphchat.store import Database
from graphchat_bots.store import BOT, BotStore
from graphchat_bots.store.letters import letters
from graphchat_bots.store.reading import reading


async def test_what_is_committed_is_seen_while_the_bot_runs(
    database: Database, tmp_path: Path
) -> None:
    await BotStore.open(database)
    with reading(tmp_path / "bot.db", None) as cursor:
        facts = cursor.execute("SELECT name, value FROM bot_fact").fetchall()
        assert letters(cursor) == []
    assert facts == [("running", 1)]


async def test_nothing_can_be_written(database: Database, tmp_path: Path) -> None:
    with (
        pytest.raises(StoreError, match="read-only"),
        reading(tmp_path / "bot.db", None) as cursor,
    ):
        cursor.execute("DELETE FROM bot_fact")
    await database.check()


async def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    with pytest.raises(NotFoundError), reading(path, None):
        pass
    async with Database.open(path, "correct horse", app=BOT):
        pass
    with pytest.raises(PassphraseError), reading(path, "wrong horse"):
        pass
    path.write_bytes(b"damaged" * 1000)
    with (
        pytest.raises((StoreError, sqlite3.Error), match="damaged"),
        reading(path, "correct horse"),
    ):
        pass
