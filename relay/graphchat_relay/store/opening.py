"""How a setting names a store."""

from pathlib import Path
from typing import Final

from graphchat.errors import StoreError
from graphchat_relay.store import Store
from graphchat_relay.store.memory import MemoryStore

MEMORY: Final = "memory:"
SQLITE: Final = ("sqlite://", "sqlite:")
UNKNOWN: Final = "This store is not supported. Use memory: or sqlite://FILE or the path of a file."


def sqlite_path(store: str) -> Path | None:
    """Return the file that ``store`` names, or None for memory. Raises `StoreError`."""
    if store == MEMORY:
        return None
    for prefix in SQLITE:
        if store.startswith(prefix):
            store = store.removeprefix(prefix)
            break
    if "://" in store or not store:
        raise StoreError(UNKNOWN)
    return Path(store).expanduser()


async def open_store(store: str) -> Store:
    """Open what ``store`` names. Raises `StoreError`, with a sentence for people."""
    path = sqlite_path(store)
    if path is None:
        return MemoryStore()
    from graphchat_relay.store.sqlite import SqliteStore  # noqa: PLC0415 - memory needs no ORM

    return await SqliteStore.open(path)
