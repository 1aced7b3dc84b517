import pytest
from tests.relay.store.contract import Contract, added, message

from graphchat_relay.store import Store
from graphchat_relay.store.memory import MemoryStore


@pytest.fixture
async def store() -> Store:
    return MemoryStore()


class TestMemory(Contract):
    """Memory keeps the contract of all stores."""


async def test_closing_forgets() -> None:
    store = MemoryStore()
    queue = await added(store, "one")
    await store.write([message(queue.key, 1)], [])
    await store.close()
    assert (await store.totals()).messages == 0
