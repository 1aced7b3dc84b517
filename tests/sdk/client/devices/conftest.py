"""Relays and people for the tests of devices; nobody waits longer than a test has to."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.sdk.client.people import Place

from graphchat.core import receipts


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        yield Place(tmp_path, stack)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "SOONEST", 0.0)
    monkeypatch.setattr(receipts, "LATEST", 0.02)
