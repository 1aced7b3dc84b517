from pathlib import Path

import pytest

from graphchat.errors import StoreError
from graphchat_relay.store.memory import MemoryStore
from graphchat_relay.store.opening import open_store, sqlite_path


@pytest.mark.parametrize(
    ("store", "path"),
    [
        ("memory:", None),
        ("sqlite:///var/relay.db", "/var/relay.db"),
        ("sqlite://relay.db", "relay.db"),
        ("sqlite:relay.db", "relay.db"),
        ("some/relay.db", "some/relay.db"),
        ("~/relay.db", str(Path("~/relay.db").expanduser())),
    ],
)
def test_a_store_is_named_in_these_ways(store: str, path: str | None) -> None:
    assert sqlite_path(store) == (None if path is None else Path(path))


@pytest.mark.parametrize("store", ["", "sqlite://", "mysql://host/db", "https://x", "postgres"])
def test_another_store_is_explained(store: str) -> None:
    with pytest.raises(StoreError, match="memory: or sqlite://FILE"):
        sqlite_path(store)


async def test_memory_needs_no_file() -> None:
    assert isinstance(await open_store("memory:"), MemoryStore)
