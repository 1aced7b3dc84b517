"""SQLCipher as a backend of Tortoise: the engine that its configuration names.

Tortoise picks the dialect of migrations by the module of a client, so "sqlite" must stay in
the name of this one. Everything that runs in the thread of the database goes through
`CipherConnection`, which turns SQLCipher's errors into those that Tortoise knows, and keeps
SQL and its values out of every log.
"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar, cast

import aiosqlite
from sqlcipher3 import dbapi2 as sqlcipher
from tortoise.backends.base.client import (
    ConnectionWrapper,
    NestedTransactionContext,
    TransactionalDBClient,
    TransactionContext,
)
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionWrapper
from tortoise.connection import get_connections

from graphchat.errors import StateError
from graphchat.store.cipher import standard_errors
from graphchat.store.finish import to_the_end

T = TypeVar("T")

# Tortoise and aiosqlite write every statement and its values to their DEBUG logs.
_SILENT: Final = logging.getLogger("graphchat.store.statements")
_SILENT.disabled = True

_CLOSED: Final = "This database is closed."


class CipherConnection(aiosqlite.Connection):
    """A thread, and in it a SQLCipher connection."""

    _end: asyncio.Future[None] | None = None
    _closed = False

    async def close(self) -> None:
        self._closed = True
        await super().close()

    def stop(self) -> asyncio.Future[None] | None:
        self._end = super().stop()
        return self._end

    async def stopped(self) -> None:
        """Wait for the end of the thread after connecting has failed.

        The base only asks it to end; it would speak to an event loop that is closed by then.
        """
        if self._end is not None:
            await self._end

    async def run(self, work: Callable[[Any], T]) -> T:
        """Run ``work`` with the plain connection, after everything that was asked before.

        If the caller is cancelled meanwhile, the work is finished all the same. Raises
        `StateError` if the connection is closed.
        """
        if self._closed or self._connection is None:
            raise StateError(_CLOSED)
        return cast("T", await self._execute(work, self._connection))

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        # A closure shows nothing of its arguments to aiosqlite's log.
        def call() -> Any:
            try:
                with standard_errors():
                    return fn(*args, **kwargs)
            except StopIteration as error:
                # A future cannot hold it: the caller would wait for ever.
                raise RuntimeError("there is no next row") from error

        execute: Callable[..., Awaitable[Any]] = super()._execute
        return await execute(call)

    async def executescript(self, sql_script: str) -> None:  # type: ignore[override]
        """Run many statements. The original commits an open transaction first; this does not."""
        await self.run(lambda connection: _run_script(connection, sql_script))


class SqlcipherClient(SqliteClient):
    """Tortoise's client for one encrypted database. It connects once, and never again."""

    def __init__(self, file_path: str, connector: Callable[[], Any], **kwargs: Any) -> None:
        super().__init__(file_path, **kwargs)
        self.pragmas = {}  # the connector has set them
        self.log = _SILENT
        self._connector = connector
        self._owner: asyncio.Task[Any] | None = None
        self._used = False

    async def create_connection(self, with_db: bool) -> None:  # noqa: FBT001 - as the base
        if self._connection is not None:
            return
        if self._used:
            # Somebody may hold the process lock by now.
            raise StateError(_CLOSED)
        self._used = True
        # Half a connection could not be closed.
        await to_the_end(self._connect())

    async def _connect(self) -> None:
        connection = CipherConnection(self._connector, iter_chunk_size=64)
        try:
            self._connection = await connection
        except BaseException:
            await connection.stopped()
            raise
        await self._post_connect()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[CipherConnection]:
        """Have the connection for oneself. Raises `StateError` rather than wait for oneself."""
        await self.begin_turn()
        try:
            yield self.opened()
        finally:
            self.end_turn()

    async def begin_turn(self) -> None:
        task = asyncio.current_task()
        if self._owner is task:
            raise StateError("This task is inside a transaction already. Use that one.")
        await self._lock.acquire()
        self._owner = task

    def end_turn(self) -> None:
        self._owner = None
        self._lock.release()

    def opened(self) -> CipherConnection:
        """Return the connection, or raise `StateError` if it is closed."""
        if self._connection is None:
            raise StateError(_CLOSED)
        return cast("CipherConnection", self._connection)

    def _in_transaction(self) -> TransactionContext:
        return CipherTransactionContext(self)


client_class = SqlcipherClient


class CipherTransaction(SqliteTransactionWrapper):
    """What Tortoise talks to inside a transaction. Of no use to a task that outlives it."""

    def acquire_connection(self) -> ConnectionWrapper[Any]:
        if self._finalized:
            raise StateError("This transaction has ended.")
        return super().acquire_connection()

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(CipherTransaction(self))


class CipherTransactionContext(TransactionContext):
    """BEGIN IMMEDIATE to COMMIT, whatever is cancelled or fails in between.

    Tortoise's own keeps its lock if it is cancelled while it begins, and stays in the
    transaction if the commit fails.
    """

    def __init__(self, parent: SqlcipherClient) -> None:
        self._parent = parent
        self.connection_name = parent.connection_name

    async def __aenter__(self) -> TransactionalDBClient:
        await self._parent.begin_turn()
        try:
            connection = self._parent.opened()
            try:
                await connection.run(begin)
            except asyncio.CancelledError:
                with suppress(StateError):  # closed meanwhile
                    await connection.run(rollback)  # the thread may have begun all the same
                raise
            self.client: TransactionalDBClient = CipherTransaction(self._parent)
            self._token = get_connections().set(self.connection_name, self.client)
        except BaseException:
            self._parent.end_turn()
            raise
        return self.client

    async def __aexit__(self, exc_type: object, exc_val: object, exc_tb: object) -> None:
        try:
            if not self.client._finalized:  # noqa: SLF001 - nobody else says it
                self.client._finalized = True  # noqa: SLF001
                await self._end(failed=exc_type is not None)
        finally:
            get_connections().reset(self._token)
            self._parent.end_turn()

    async def _end(self, *, failed: bool) -> None:
        if not failed:
            await self._parent.opened().run(commit)
            return
        with suppress(StateError):  # closing has rolled back
            await self._parent.opened().run(rollback)


def begin(connection: Any) -> None:
    connection.execute("BEGIN IMMEDIATE")


def commit(connection: Any) -> None:
    """Commit, or roll back and raise: the connection is outside of a transaction after it."""
    try:
        connection.execute("COMMIT")
    finally:
        rollback(connection)


def rollback(connection: Any) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _run_script(connection: Any, script: str) -> None:
    statement = ""
    for piece in script.split(";"):
        statement += piece + ";"
        # A semicolon may stand in a text or in a trigger.
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
    if statement.strip("; \n\t"):
        raise sqlcipher.OperationalError("the script ends inside a statement")
