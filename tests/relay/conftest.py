"""A relay for each test, over every store, and on both ways that a WebSocket may take."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol

import pytest
from tests.relay.support import Clients, clients

from graphchat.testing import TestRelay, relay

KINDS: Final[dict[str, dict[str, Any]]] = {
    "memory": {"store": "memory:", "hand_over": True},
    "sqlite": {"store": None, "hand_over": True},
    "asgi": {"store": "memory:", "hand_over": False},
}


class Serving(Protocol):
    def __call__(self, **settings: Any) -> AbstractAsyncContextManager[TestRelay]: ...


@pytest.fixture(params=KINDS)
def serving(request: pytest.FixtureRequest) -> Serving:
    """Return how to run a relay of one kind, with settings of its own."""

    def run(**settings: Any) -> AbstractAsyncContextManager[TestRelay]:
        return relay(**KINDS[request.param] | settings)

    return run


@pytest.fixture
async def served(serving: Serving) -> AsyncIterator[TestRelay]:
    """Return a relay that is as it comes."""
    async with serving() as found:
        yield found


@pytest.fixture
async def peers(served: TestRelay) -> AsyncIterator[Clients]:
    """Return clients of that relay."""
    async with clients(served.uri) as found:
        yield found
