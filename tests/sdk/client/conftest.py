"""Relays and people for the tests of the client."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.sdk.client.people import Home, Place


@pytest.fixture(autouse=True)
def impatient(quick_receipts: None) -> None:
    """Let nobody here wait for a receipt that takes its time on purpose."""


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
