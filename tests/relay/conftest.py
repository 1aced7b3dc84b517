"""A relay for each test, over every store."""

from collections.abc import AsyncIterator

import pytest
from tests.relay.support import Clients, clients

from graphchat.testing import TestRelay, relay


@pytest.fixture(params=["memory", "sqlite"])
async def served(request: pytest.FixtureRequest) -> AsyncIterator[TestRelay]:
    """Return a relay that is as it comes."""
    store = "memory:" if request.param == "memory" else None
    async with relay(store) as found:
        yield found


@pytest.fixture
async def peers(served: TestRelay) -> AsyncIterator[Clients]:
    """Return clients of that relay."""
    async with clients(served.uri) as found:
        yield found
