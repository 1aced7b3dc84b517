"""The store of a single relay process: one SQLite file, safe against a power cut."""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self, TypeVar

from tortoise.context import TortoiseContext
from tortoise.exceptions import BaseORMException

from graphchat.errors import StoreBusyError, StoreError
from graphchat_relay.store import Head, MessageRow, QueueRow, Totals, schema, sql
from graphchat_relay.store.schema import SQLITE_ALIAS, Difference, apps
from graphchat_relay.store.sqlite_backend import RelayConnection, RelaySqliteClient

T = TypeVar("T")


class SqliteStore:
    def __init__(self, context: TortoiseContext, connection: RelayConnection, lock: int) -> None:
        self._context = context
        self._connection = connection
        self._lock = lock
        self._position = 0
        self.migrated: tuple[str, ...] = ()
        """What opening it has changed in its schema."""

    @classmethod
    async def open(cls, path: Path, *, migrate: bool = True) -> Self:
        """Open or create the database, and bring its schema up to date if ``migrate``.

        Raises `StoreError` with a sentence for people.
        """
        lock = await asyncio.to_thread(_lock, path)
        try:
            context, client, migrated = await _connect(path, migrate=migrate)
        except BaseException:
            os.close(lock)
            raise
        store = cls(context, client.opened, lock)
        store.migrated = migrated
        store._position = await store._run(sql.last_position)
        return store

    async def close(self) -> None:
        try:
            await self._context.close_connections()
        finally:
            os.close(self._lock)

    async def reserve(self, count: int) -> Sequence[int]:
        first, self._position = self._position + 1, self._position + count
        return range(first, first + count)

    async def create(self, row: QueueRow) -> None:
        await self._run(lambda db: sql.create(db, row))

    async def by_recipient(self, hashes: Sequence[bytes]) -> Mapping[bytes, QueueRow]:
        return await self._run(lambda db: sql.by_recipient(db, hashes))

    async def by_sender(self, hashes: Sequence[bytes]) -> Mapping[bytes, QueueRow]:
        return await self._run(lambda db: sql.by_sender(db, hashes))

    async def secure(self, key: int, sender_key: bytes) -> bool:
        return await self._run(lambda db: sql.secure(db, key, sender_key))

    async def renew(self, keys: Sequence[int], day: int) -> None:
        await self._run(lambda db: sql.renew(db, keys, day))

    async def remove(self, key: int) -> None:
        await self._run(lambda db: sql.remove(db, key))

    async def write(self, added: Sequence[MessageRow], removed: Sequence[int]) -> None:
        await self._run(lambda db: sql.write(db, added, removed))

    async def heads(self, keys: Sequence[int]) -> Sequence[Head]:
        return await self._run(lambda db: sql.heads(db, keys))

    async def bodies(self, positions: Sequence[int]) -> Mapping[int, bytes]:
        return await self._run(lambda db: sql.bodies(db, positions))

    async def expire_messages(self, before: int, limit: int) -> Sequence[Head]:
        return await self._run(lambda db: sql.expire_messages(db, before, limit))

    async def expire_queues(self, before: int, limit: int) -> Sequence[int]:
        return await self._run(lambda db: sql.expire_queues(db, before, limit))

    async def probe(self) -> None:
        await self._run(sql.probe)

    async def tidy(self) -> None:
        await self._run(sql.tidy)

    async def totals(self) -> Totals:
        return await self._run(sql.totals)

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return await self._connection.run(work)
        except sqlite3.Error as error:
            # Its text speaks of the medium only; values are never part of it.
            raise StoreError(f"The database of the relay failed: {error}.") from None


def _lock(path: Path) -> int:
    """Keep a second relay out: each believes that it alone knows what is stored."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # The database keeps the rights that it is created with.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreError(
            f"The database {path} cannot be written: {error.strerror}."
            " Choose another place with --store or --home."
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise StoreBusyError(
            f"Another relay uses the database {path}."
            " End it, or choose another place with --store."
        ) from None
    return descriptor


async def _connect(
    path: Path, *, migrate: bool
) -> tuple[TortoiseContext, RelaySqliteClient, tuple[str, ...]]:
    context = TortoiseContext()
    connections = {
        SQLITE_ALIAS: {
            "engine": "graphchat_relay.store.sqlite_backend",
            "credentials": {"file_path": str(path)},
        }
    }
    try:
        with context:
            await context.init(config={"connections": connections, "apps": apps(SQLITE_ALIAS)})
            client = context.db(SQLITE_ALIAS)
            assert isinstance(client, RelaySqliteClient)
            await client.create_connection(with_db=True)
            found = Difference.of(await client.opened.run(sql.applied))
            wanted = found.to_do(migrate=migrate)
            migrated = await schema.migrate(client, SQLITE_ALIAS) if wanted else ()
            await client.opened.run(sql.check)
    except (sqlite3.Error, BaseORMException) as error:
        await context.close_connections()
        raise StoreError(
            f"The database {path} cannot be used: {error}."
            " Restore a copy of it, or move it away to start with an empty one."
        ) from None
    except BaseException:
        await context.close_connections()
        raise
    return context, client, migrated
