"""Relays and people for the tests of the client."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.sdk.client.people import Home, Place

from graphchat.core import receipts


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """Return where relays and homes can be opened; all are closed at the end."""
    async with AsyncExitStack() as stack:
        yield Place(tmp_path, stack)


@pytest.fixture
async def alice(place: Place) -> Home:
    return await place.home("Alice", [await place.relay("one")])


@pytest.fixture
async def bob(place: Place) -> Home:
    return await place.home("Bob", [await place.relay("one")])


@pytest.fixture
def quick_receipts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let receipts leave at once: else they wait for seconds, so that relays guess nothing."""
    monkeypatch.setattr(receipts, "SOONEST", 0.0)
    monkeypatch.setattr(receipts, "LATEST", 0.02)
