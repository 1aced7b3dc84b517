from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from graphchat.crypto.vault import Strength
from graphchat.store import Database


@pytest.fixture
def cheap() -> Strength:
    """Return a strength for tests: a guess costs microseconds."""
    return Strength(operations=1, memory=8192)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "alice.db"


@pytest.fixture
async def db(path: Path, cheap: Strength) -> AsyncIterator[Database]:
    async with Database.open(path, "correct horse", strength=cheap) as database:
        yield database
