"""What ``graphchat relay migrate`` does."""

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from graphchat.errors import StoreError
from graphchat_relay.settings import RelaySettings
from graphchat_relay.store.opening import is_postgres, open_postgres, sqlite_path

if TYPE_CHECKING:
    from graphchat_relay.store.schema import Difference


class Report(msgspec.Struct, frozen=True):
    """What was done to a schema, or what is to be done."""

    applied: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


def migrate(settings: RelaySettings) -> Report:
    """Bring the schema up to date. Raises `StoreError`, also while a relay holds the file."""
    return Report(applied=asyncio.run(_migrate(settings)))


def check(settings: RelaySettings) -> Report:
    """Say what is to be done, and change nothing. Raises `StoreError` if it is newer."""
    if is_postgres(settings.store):
        found = asyncio.run(_postgres(_direct(settings)))
    else:
        found = _sqlite(_file(settings))
    found.to_do(migrate=True)
    return Report(lacking=found.lacking)


def show(found: Report, *, json: bool) -> None:
    if json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        return
    for name in (*found.applied, *found.lacking):
        sys.stdout.write(name + "\n")
    if found.applied:
        said = "These changes were made: the schema is up to date."
    elif found.lacking:
        said = "These changes are to be made: run `graphchat relay migrate`."
    else:
        said = "The schema is up to date."
    sys.stderr.write(said + "\n")


def _direct(settings: RelaySettings) -> str:
    # The lock lasts as long as a session, which a pooler may end at any time.
    return settings.store_direct or settings.store


def _file(settings: RelaySettings) -> Path:
    path = sqlite_path(settings.store)
    if path is None:
        raise StoreError("A relay in memory has no schema that could be changed.")
    return path


async def _migrate(settings: RelaySettings) -> tuple[str, ...]:
    if is_postgres(settings.store):
        shared = await open_postgres(_direct(settings))
        await shared.close()
        return shared.migrated
    from graphchat_relay.store.sqlite import SqliteStore

    store = await SqliteStore.open(_file(settings))
    await store.close()
    return store.migrated


def _sqlite(path: Path) -> "Difference":
    from graphchat_relay.store import sql
    from graphchat_relay.store.schema import Difference

    if not path.exists():
        raise StoreError(f"There is no database {path}. Has a relay been run here?")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            return Difference.of(sql.applied(db))
    except sqlite3.Error as error:
        raise StoreError(f"The database {path} cannot be read: {error}.") from None


async def _postgres(dsn: str) -> "Difference":
    try:
        import asyncpg

        from graphchat_relay.store import pgsql
        from graphchat_relay.store.asyncpg_backend import FAULTS, PATIENCE
        from graphchat_relay.store.schema import Difference
    except ImportError:
        raise StoreError(
            "PostgreSQL needs a part that is not installed: pip install 'graphchat[postgres]'."
        ) from None
    try:
        connection = await asyncpg.connect(dsn, timeout=PATIENCE)
        try:
            return Difference.of(await pgsql.applied(connection))
        finally:
            await connection.close()
    except FAULTS as error:
        raise StoreError(
            f"The PostgreSQL database cannot be read: {type(error).__name__}. Check --store."
        ) from None
