import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from graphchat.store import Database
from graphchat_bots.store import BOT, BotStore


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.open(tmp_path / "bot.db", None, app=BOT) as opened:
        yield opened


@pytest.fixture
async def store(database: Database) -> AsyncIterator[BotStore]:
    opened = await BotStore.open(database)
    writer = asyncio.create_task(opened.commits.run())
    yield opened
    writer.cancel()
