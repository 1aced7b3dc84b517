"""SQLite as a backend of Tortoise, with one addition: work that runs in its thread in one go.

Tortoise picks the dialect of migrations by the module of a client, so "sqlite" must stay in
the name of this one.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import aiosqlite
from tortoise.backends.sqlite.client import SqliteClient

T = TypeVar("T")

# Tortoise and aiosqlite write every statement and its values to their DEBUG logs.
_SILENT: Final = logging.getLogger("graphchat_relay.store.sql")
_SILENT.disabled = True

PRAGMAS: Final = (
    # Only tools of the operator ever lock it, and meanwhile everybody waits in this one thread:
    # soon senders are told to come back.
    "busy_timeout = 1000",
    "journal_mode = WAL",
    # What was acknowledged survives a power cut, not only the end of the process.
    "synchronous = FULL",
    # A deleted envelope is overwritten with zeros.
    "secure_delete = ON",
    "temp_store = MEMORY",
    # 16 MiB between checkpoints: each of them syncs twice more.
    "wal_autocheckpoint = 4096",
    "journal_size_limit = 33554432",
    "cache_size = -32768",
)


class RelayConnection(aiosqlite.Connection):
    """A thread, and in it a SQLite connection."""

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` in the thread: one hop there and back, however many statements it has."""
        return cast("T", await self._execute(work, self._conn))

    async def _connect(self) -> aiosqlite.Connection:
        try:
            return await super()._connect()
        except BaseException:
            # Its thread tells the loop that it ends: the loop has to be there still.
            await asyncio.to_thread(self._thread.join)
            raise

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        # A closure shows nothing of its arguments to aiosqlite's log.
        def call() -> Any:
            return fn(*args, **kwargs)

        return await super()._execute(call)  # type: ignore[no-untyped-call] # aiosqlite has no types here


class RelaySqliteClient(SqliteClient):
    """Tortoise's client for the database of a relay."""

    def __init__(self, file_path: str, **kwargs: Any) -> None:
        super().__init__(file_path, **kwargs)
        self.log = _SILENT

    async def create_connection(self, with_db: bool) -> None:  # noqa: FBT001 - as the base
        # What it says holds no values, but tells an observer when somebody did something.
        logging.getLogger("aiosqlite").setLevel(logging.WARNING)
        if self._connection is None:
            self._connection = await RelayConnection(self._connect, iter_chunk_size=64)

    @property
    def opened(self) -> RelayConnection:
        assert isinstance(self._connection, RelayConnection)
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.filename, isolation_level=None)
        try:
            for pragma in PRAGMAS:
                connection.execute(f"PRAGMA {pragma}").close()
        except sqlite3.Error:
            connection.close()
            raise
        connection.row_factory = sqlite3.Row
        return connection


client_class = RelaySqliteClient
