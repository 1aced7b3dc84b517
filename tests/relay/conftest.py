"""A relay for each test, over every store, and on both ways that a WebSocket may take."""

from collections.abc import AsyncIterator

import pytest
from tests.relay.support import Clients, clients

from graphchat.testing import TestRelay, relay


@pytest.fixture(params=["memory", "sqlite", "asgi"])
async def served(request: pytest.FixtureRequest) -> AsyncIterator[TestRelay]:
    """Return a relay that is as it comes."""
    store = None if request.param == "sqlite" else "memory:"
    async with relay(store, hand_over=request.param != "asgi") as found:
        yield found


@pytest.fixture
async def peers(served: TestRelay) -> AsyncIterator[Clients]:
    """Return clients of that relay."""
    async with clients(served.uri) as found:
        yield found
