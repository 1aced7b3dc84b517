"""What ``graphchat relay status`` does: looks at the store, and changes nothing."""

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import msgspec

from graphchat.errors import StoreError
from graphchat_relay import tokens
from graphchat_relay.settings import RelaySettings
from graphchat_relay.store import Totals, sql
from graphchat_relay.store.opening import is_postgres, sqlite_path


class Status(msgspec.Struct, frozen=True):
    """Sums over everybody."""

    queues: int
    messages: int
    bytes: int
    """Of envelopes."""
    tokens: int | None
    """None: everybody may create queues."""


def look(settings: RelaySettings) -> Status:
    """Count what is there. Raises `StoreError`."""
    if is_postgres(settings.store):
        totals = asyncio.run(_postgres(settings.store))
    else:
        totals = _sqlite(sqlite_path(settings.store))
    known = None if settings.tokens is None else tokens.read(settings.tokens)
    count = len(settings.create_tokens) + len(known or ())
    private = known is not None or settings.create_tokens
    return Status(totals.queues, totals.messages, totals.bytes, count if private else None)


def show(found: Status, *, json: bool) -> None:
    if json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("what", "value", title="This relay")
    table.columns[1].justify = "right"
    table.add_row("queues", f"{found.queues:,}")
    table.add_row("messages that wait", f"{found.messages:,}")
    table.add_row("their bytes", f"{found.bytes:,}")
    everybody = "everybody may create queues"
    table.add_row("tokens", everybody if found.tokens is None else f"{found.tokens:,}")
    Console().print(table)


def _sqlite(path: Path | None) -> Totals:
    if path is None:
        raise StoreError("A relay in memory keeps nothing that could be looked at from outside.")
    if not path.exists():
        raise StoreError(f"There is no database {path}. Has a relay been run here?")
    try:
        # A running relay holds the lock of its database; whoever only reads needs none.
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            return sql.totals(db)
    except sqlite3.Error as error:
        raise StoreError(f"The database {path} cannot be read: {error}.") from None


async def _postgres(dsn: str) -> Totals:
    try:
        import asyncpg

        from graphchat_relay.store import pgsql
        from graphchat_relay.store.asyncpg_backend import FAULTS, PATIENCE
    except ImportError:
        raise StoreError(
            "PostgreSQL needs a part that is not installed: pip install 'graphchat[postgres]'."
        ) from None
    try:
        connection = await asyncpg.connect(dsn, timeout=PATIENCE)
        try:
            return await pgsql.totals(connection)
        finally:
            await connection.close()
    except FAULTS as error:
        raise StoreError(
            f"The PostgreSQL database cannot be read: {type(error).__name__}. Check --store, and"
            " that a relay was started on it."
        ) from None
