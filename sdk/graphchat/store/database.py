"""The encrypted database of a client: opening it, and work in transactions."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol, Self, TypeVar, cast, final

from tortoise.backends.base.client import TransactionalDBClient
from tortoise.context import TortoiseContext

from graphchat.clock import Clock, SystemClock
from graphchat.crypto import vault
from graphchat.errors import StoreError
from graphchat.secret import Secret
from graphchat.store import files, lock, sqlite
from graphchat.store.cipher import MEMORY, connect, connect_memory, store_errors
from graphchat.store.finish import to_the_end
from graphchat.store.schema import CLIENT, App, prepare

T = TypeVar("T")

Row = tuple[Any, ...]
"""The values of one row, in the order that the statement names."""


class Cursor(Protocol):
    """What `Database.write` and `Database.read` hand to their function: a DB-API cursor."""

    @property
    def lastrowid(self) -> int: ...
    @property
    def rowcount(self) -> int: ...
    def execute(self, sql: str, args: Sequence[object] = (), /) -> Self: ...
    def executemany(self, sql: str, rows: Iterable[Sequence[object]], /) -> Self: ...
    def fetchone(self) -> Row | None: ...
    def fetchall(self) -> list[Row]: ...
    def __iter__(self) -> Iterator[Row]: ...


@final
class Transaction:
    """An open transaction, one hop to the thread of the database for each call."""

    def __init__(self, client: TransactionalDBClient) -> None:
        self._client = client

    async def execute(self, sql: str, args: Sequence[object] = ()) -> list[Row]:
        """Run one statement and return its rows."""
        return await self._run(lambda cursor: cursor.execute(sql, args).fetchall())

    async def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for each of ``rows``."""
        await self._run(lambda cursor: cursor.executemany(sql, rows))

    async def insert(self, sql: str, args: Sequence[object] = ()) -> int:
        """Run one INSERT and return the id of its row."""
        return await self._run(lambda cursor: cursor.execute(sql, args).lastrowid)

    async def _run(self, work: Callable[[Cursor], T]) -> T:
        with store_errors():
            async with self._client.acquire_connection() as connection:
                return await cast("sqlite.CipherConnection", connection).run(
                    lambda plain: work(_cursor(plain))
                )


@final
class Database:
    """One open store. Only one transaction is open at a time; the others wait for their turn.

    All work is done by one thread. `write` is the way to change something: a whole batch for
    one hop to that thread. A task inside `transaction` must not call `write` or `read`, nor
    start tasks that use Tortoise.
    """

    def __init__(
        self, places: files.Files, context: TortoiseContext, client: sqlite.SqlcipherClient
    ) -> None:
        self._files: Final = places
        self._context: Final = context
        self._client: Final = client

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        path: Path,
        passphrase: str | None,
        *,
        clock: Clock | None = None,
        strength: vault.Strength = vault.MODERATE,
        app: App = CLIENT,
    ) -> AsyncIterator[Self]:
        """Open the database at ``path``, or create it, and close it at the end.

        Beside it are ``path.vault`` with its key and ``path.lock``. Without a passphrase the
        vault holds the key in clear, readable by the owner of the file only. Opening takes as
        long as ``strength`` (of its creation) wants: a second by default.

        Raises `PassphraseError`, `StoreBusyError` if another process or this one has it open,
        `StoreError` if it is damaged, lost, from a newer version, or the disk refuses.
        """
        places = files.Files.of(path)
        with ExitStack() as locked:
            with files.disk_errors():
                places.make_folder()
                locked.enter_context(lock.exclusive(places.lock))
                key = await _in_thread(
                    partial(_key, places, passphrase, clock or SystemClock(), strength)
                )
            context = TortoiseContext()
            try:
                with store_errors(path):
                    connector = partial(connect, places.database, key)
                    client = await _connect(context, places.database, connector, app)
                yield cls(places, context, client)
            finally:
                await to_the_end(context.close_connections())

    @classmethod
    @asynccontextmanager
    async def in_memory(cls, clock: Clock, *, app: App = CLIENT) -> AsyncIterator[Self]:
        """Make a database that is nowhere but in memory, and is gone at the end."""
        context, connector = TortoiseContext(), partial(connect_memory, Secret(clock.random(32)))
        try:
            with store_errors():
                client = await _connect(context, MEMORY, connector, app)
            yield cls(files.Files.of(MEMORY), context, client)
        finally:
            await to_the_end(context.close_connections())

    async def write(self, work: Callable[[Cursor], T]) -> T:
        """Run ``work`` in the thread of the database, in a transaction, and return its result.

        It is rolled back if ``work`` raises, or if the caller is cancelled before the commit.
        ``work`` must be a plain function that touches nothing but its cursor and its own
        values. Raises `StoreConflictError` for a broken constraint, `StoreError`.
        """
        batch = _Batch(work)
        with store_errors():
            async with self._client.turn() as connection:
                try:
                    return await connection.run(batch)
                except asyncio.CancelledError:
                    batch.abandoned = True
                    raise

    async def read(self, work: Callable[[Cursor], T]) -> T:
        """Run ``work`` in the thread of the database, and return its result."""
        with store_errors():
            async with self._client.turn() as connection:
                return await connection.run(lambda plain: work(_cursor(plain)))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a transaction over several steps, for SQL and for Tortoise's models.

        Committed at the end, rolled back by any exception, `asyncio.CancelledError` too.
        """
        with self.orm():
            async with self._client._in_transaction() as client:  # noqa: SLF001 - as Tortoise's own function
                yield Transaction(client)

    @contextmanager
    def orm(self) -> Iterator[None]:
        """Let Tortoise's models in this task speak to this database."""
        # A context holds the token of its own activation; a copy lets tasks overlap.
        with store_errors(), copy(self._context):
            yield

    async def change_passphrase(
        self,
        passphrase: str | None,
        new_passphrase: str | None,
        *,
        clock: Clock | None = None,
        strength: vault.Strength = vault.MODERATE,
    ) -> None:
        """Wrap the key by another passphrase, or by none. Copies of the old vault still open.

        Raises `PassphraseError` if ``passphrase`` is not the present one.
        """

        def change() -> None:
            data = files.read_vault(self._files)
            data = vault.rewrap(data, passphrase, new_passphrase, clock or SystemClock(), strength)
            files.replace_vault(self._files, data)

        with files.disk_errors():
            await _in_thread(change)

    async def check(self) -> None:
        """Read the whole database. Raises `StoreError` if a page or an index is damaged."""
        for pragma in ("cipher_integrity_check", "integrity_check"):
            rows = await self.read(partial(_pragma, pragma))
            if rows not in ([], [("ok",)]):
                raise StoreError("The database is damaged. Restore a backup.")


class _Batch:
    """A function in a transaction, as one call for the thread of the database."""

    __slots__ = ("_work", "abandoned")

    def __init__(self, work: Callable[[Cursor], Any]) -> None:
        self._work = work
        self.abandoned = False

    def __call__(self, connection: Any) -> Any:
        if self.abandoned:
            return None
        sqlite.begin(connection)
        try:
            result = self._work(_cursor(connection))
            if not self.abandoned:
                sqlite.commit(connection)
        finally:
            sqlite.rollback(connection)
        return result


def _cursor(connection: Any) -> Cursor:
    cursor = connection.cursor()
    cursor.row_factory = None  # plain tuples; the connection's own is for Tortoise
    return cast("Cursor", cursor)


def _pragma(name: str, cursor: Cursor) -> list[Row]:
    return cursor.execute(f"PRAGMA {name}").fetchall()


def _key(
    places: files.Files, passphrase: str | None, clock: Clock, strength: vault.Strength
) -> Secret:
    if files.exists(places):
        return vault.unlock(files.read_vault(places), passphrase)
    with store_errors():
        return files.create(places, passphrase, clock, strength)


async def _connect(
    context: TortoiseContext, path: Path, connector: Callable[[], Any], app: App
) -> sqlite.SqlcipherClient:
    credentials = {"file_path": str(path), "connector": connector}
    config = {
        "connections": {app.label: {"engine": sqlite.__name__, "credentials": credentials}},
        "apps": {app.label: app.config()},
    }
    with context:
        await context.init(config=config)
        client = cast("sqlite.SqlcipherClient", context.connections.get(app.label))
        await client.create_connection(with_db=True)
        await prepare(client, app)
    return client


async def _in_thread(work: Callable[[], T]) -> T:
    return await to_the_end(asyncio.to_thread(work))
