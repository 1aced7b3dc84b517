"""The store of several replicas: one PostgreSQL database, and plain SQL on Tortoise's pool."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Self, TypeVar, cast

from tortoise.context import TortoiseContext
from tortoise.exceptions import BaseORMException

from graphchat.errors import StoreError
from graphchat_relay.store import Head, MessageRow, QueueRow, Totals, pgsql, schema
from graphchat_relay.store.asyncpg_backend import FAULTS, RelayPostgresClient
from graphchat_relay.store.pgsql import Connection
from graphchat_relay.store.schema import POSTGRES_ALIAS, Difference, apps

T = TypeVar("T")

# Seconds that one statement may take.
PATIENCE: Final = 10.0


class PostgresStore:
    def __init__(self, context: TortoiseContext, client: RelayPostgresClient) -> None:
        self._context = context
        self._client = client
        self.migrated: tuple[str, ...] = ()
        """What opening it has changed in its schema."""

    @classmethod
    async def open(cls, dsn: str, *, migrate: bool = True) -> Self:
        """Connect, and bring the schema up to date if ``migrate``. Raises `StoreError`."""
        context = TortoiseContext()
        engine = {
            "engine": "graphchat_relay.store.asyncpg_backend",
            "credentials": {"dsn": dsn},
        }
        config = {"connections": {POSTGRES_ALIAS: engine}, "apps": apps(POSTGRES_ALIAS)}
        try:
            with context:
                await context.init(config=config)
                client = context.db(POSTGRES_ALIAS)
                assert isinstance(client, RelayPostgresClient)
                await client.create_connection(with_db=True)
                store = cls(context, client)
                await store._migrate(allowed=migrate)
        except (*FAULTS, BaseORMException) as error:
            await context.close_connections()
            # Its text may name the password; its kind does not.
            raise StoreError(
                f"The PostgreSQL database cannot be used: {type(error).__name__}. Check --store,"
                " and that the server runs and lets this relay in."
            ) from None
        except BaseException:
            await context.close_connections()
            raise
        return store

    async def _migrate(self, *, allowed: bool) -> None:
        """Migrate while no other replica does."""
        async with self._connection() as connection:
            found = Difference.of(await pgsql.applied(connection))
            if not found.to_do(migrate=allowed):
                return
            await connection.execute("SELECT pg_advisory_lock($1)", pgsql.MIGRATION_LOCK)
            try:
                # Another replica may have done it meanwhile: then there is nothing left.
                self.migrated = await schema.migrate(self._client, POSTGRES_ALIAS)
            finally:
                await connection.execute("SELECT pg_advisory_unlock($1)", pgsql.MIGRATION_LOCK)

    async def close(self) -> None:
        await self._context.close_connections()

    async def reserve(self, count: int) -> Sequence[int]:
        return await self._run(pgsql.reserve, count)

    async def create(self, row: QueueRow) -> None:
        await self._run(pgsql.create, row)

    async def by_recipient(self, hashes: Sequence[bytes]) -> Mapping[bytes, QueueRow]:
        return await self._run(pgsql.by_recipient, hashes)

    async def by_sender(self, hashes: Sequence[bytes]) -> Mapping[bytes, QueueRow]:
        return await self._run(pgsql.by_sender, hashes)

    async def secure(self, key: int, sender_key: bytes) -> bool:
        return await self._run(pgsql.secure, key, sender_key)

    async def renew(self, keys: Sequence[int], day: int) -> None:
        await self._run(pgsql.renew, keys, day)

    async def remove(self, key: int) -> None:
        await self._run(pgsql.remove, [key])

    async def write(self, added: Sequence[MessageRow], removed: Sequence[int]) -> None:
        await self._run(pgsql.write, added, removed)

    async def heads(self, keys: Sequence[int]) -> Sequence[Head]:
        return await self._run(pgsql.heads, keys)

    async def bodies(self, positions: Sequence[int]) -> Mapping[int, bytes]:
        return await self._run(pgsql.bodies, positions)

    async def expire_messages(self, before: int, limit: int) -> Sequence[Head]:
        return await self._run(pgsql.expire_messages, before, limit)

    async def expire_queues(self, before: int, limit: int) -> Sequence[int]:
        return await self._run(pgsql.expire_queues, before, limit)

    async def probe(self) -> None:
        await self._run(pgsql.reserve, 1)

    async def tidy(self) -> None:
        """Leave it to the server: its autovacuum does what is to be done."""

    async def totals(self) -> Totals:
        return await self._run(pgsql.totals)

    async def sender_keys(self, keys: Sequence[int]) -> Mapping[int, bytes]:
        return await self._run(pgsql.sender_keys, keys)

    async def epoch(self) -> int:
        return (await self.reserve(1))[0]

    async def identity(self, fresh: bytes) -> bytes:
        """Return the seed of the relay's identity key, which is ``fresh`` at the first start."""
        return await self._run(pgsql.identity, fresh)

    async def _run(self, work: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        try:
            async with asyncio.timeout(PATIENCE), self._connection() as connection:
                return await work(connection, *arguments)
        except FAULTS as error:
            raise StoreError(
                f"The database of the relay failed: {type(error).__name__}."
            ) from None

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        async with self._client.acquire_connection() as connection:
            yield cast(Connection, connection)
