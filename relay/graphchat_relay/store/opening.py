"""How a setting names a store."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from graphchat.errors import StoreError
from graphchat_relay.store import Store
from graphchat_relay.store.memory import MemoryStore

if TYPE_CHECKING:
    from graphchat_relay.store.postgres import PostgresStore

MEMORY: Final = "memory:"
SQLITE: Final = ("sqlite://", "sqlite:")
POSTGRES: Final = ("postgresql://", "postgres://")
UNKNOWN: Final = (
    "This store is not supported. Use memory: or sqlite://FILE or the path of a file, or"
    " postgresql://NAME:PASSWORD@HOST/DATABASE."
)


def is_postgres(store: str) -> bool:
    """Tell whether several replicas may use ``store`` at the same time."""
    return store.startswith(POSTGRES)


def sqlite_path(store: str) -> Path | None:
    """Return the file that ``store`` names; None for other kinds. Raises `StoreError`."""
    if store == MEMORY or is_postgres(store):
        return None
    for prefix in SQLITE:
        if store.startswith(prefix) and store not in SQLITE:
            return Path(store.removeprefix(prefix)).expanduser()
    path = Path(store).expanduser()
    # A bare word is a mistake more often than a file; it would be a new relay in this folder.
    if "://" in store or not ("/" in store or path.suffix):
        raise StoreError(UNKNOWN)
    return path


async def open_store(store: str, *, migrate: bool = True) -> Store:
    """Open what ``store`` names. Raises `StoreError`, with a sentence for people.

    Without ``migrate``, it is an error if its schema is older than this program.
    """
    if is_postgres(store):
        return await open_postgres(store, migrate=migrate)
    path = sqlite_path(store)
    if path is None:
        return MemoryStore()
    from graphchat_relay.store.sqlite import SqliteStore  # noqa: PLC0415 - memory needs no ORM

    return await SqliteStore.open(path, migrate=migrate)


async def open_postgres(store: str, *, migrate: bool = True) -> "PostgresStore":
    """Open the database that ``store`` names, as `open_store` does. Raises `StoreError`."""
    try:
        from graphchat_relay.store.postgres import PostgresStore  # noqa: PLC0415 - an extra
    except ImportError:
        raise StoreError(
            "PostgreSQL needs a part that is not installed: pip install 'graphchat[postgres]'."
        ) from None
    return await PostgresStore.open(store, migrate=migrate)
