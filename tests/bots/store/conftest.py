from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from graphchat.store import Database
from graphchat_bots.store import BOT


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.open(tmp_path / "bot.db", None, app=BOT) as opened:
        yield opened
