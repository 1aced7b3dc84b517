"""Which tables a database has, and how an older one gets them."""

import pkgutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationExecutor
from tortoise.transactions import in_transaction

from graphchat.errors import StoreError
from graphchat.store.cipher import APPLICATION_ID
from graphchat.store.sqlite import SqlcipherClient


@dataclass(frozen=True, slots=True)
class App:
    """The tables of one role, with their own Tortoise label and connection alias.

    Tortoise caches SQL by model for the whole process: models of two roles in one loop need
    other aliases and other table names.
    """

    label: str
    models: str
    """The module with the models."""
    migrations: str
    """The package with the migrations: modules named ``mNNNN_what``, counted from 1."""

    @property
    def version(self) -> int:
        """The version of the schema that this program writes: its newest migration."""
        package = import_module(self.migrations)
        return max(int(module.name[1:5]) for module in pkgutil.iter_modules(package.__path__))

    def config(self) -> dict[str, Any]:
        """Return what Tortoise calls the configuration of an app."""
        return {
            "models": [self.models],
            "default_connection": self.label,
            "migrations": self.migrations,
        }


_ORPHANS: Final = "PRAGMA foreign_key_check"
_APPLIED: Final = "SELECT app, name, applied_at FROM tortoise_migrations ORDER BY id"
_APPLY: Final = "INSERT INTO tortoise_migrations(app, name, applied_at) VALUES (?, ?, ?)"
# What SQLite and its virtual tables make by themselves must not be made twice.
_SCHEMA: Final = """
    SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*'
    AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow') ORDER BY rowid
"""

_WORDS: Final = (
    "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE % USING fts5(%'"
)

CLIENT: Final = App("client", "graphchat.store.models", "graphchat.store.migrations")


async def prepare(client: SqlcipherClient, app: App) -> None:
    """Bring the database to the version of the program, or leave it as it is.

    Wants the Tortoise context of the client, and nobody else at work. Raises `StoreError` if the
    database was made by a newer version, or is not ours.
    """
    application, version = await client.opened().run(_read_marks)
    if application != APPLICATION_ID:
        # SQLite takes a file of less than one page for a new database.
        raise StoreError("The database is damaged. Restore a backup.")
    if version > app.version:
        raise StoreError("The database was made by a newer version. Please update graphchat.")
    if version < app.version:
        async with _without_foreign_keys(client), in_transaction(app.label):
            if version == 0 and app in _FRESH:
                await client.opened().run(_FRESH[app])
            else:
                await _migrate(client, app)
            if version == 0:
                _FRESH[app] = await client.opened().run(_Copy)


@asynccontextmanager
async def _without_foreign_keys(client: SqlcipherClient) -> AsyncIterator[None]:
    """SQLite changes a table by making another: dropping the old one would cascade."""
    await client.opened().run(lambda plain: plain.execute("PRAGMA foreign_keys=OFF"))
    yield
    await client.opened().run(lambda plain: plain.execute("PRAGMA foreign_keys=ON"))


async def _migrate(client: SqlcipherClient, app: App) -> None:
    transaction = get_connection(app.label)
    await MigrationExecutor(transaction, {app.label: app.config()}).migrate()
    if await client.opened().run(lambda plain: plain.execute(_ORPHANS).fetchall()):
        raise StoreError("The database could not be brought to this version: rows are lost.")
    await transaction.execute_script(f"PRAGMA user_version={app.version}")


class _Copy:
    """The schema that the migrations made of an empty database, to be made again.

    Tortoise needs a tenth of a second for that; a process that opens many new databases, such
    as a test, would feel it.
    """

    def __init__(self, connection: Any) -> None:
        self._version = connection.execute("PRAGMA user_version").fetchone()[0]
        self._schema = [tuple(row) for row in connection.execute(_SCHEMA)]
        self._applied = [tuple(row) for row in connection.execute(_APPLIED)]
        # Settings of an index are rows of it, and no part of its SQL.
        self._settings = [
            (f"INSERT INTO {table} ({table}, rank) VALUES (?, ?)", tuple(setting))  # noqa: S608 - a table of ours
            for (table,) in connection.execute(_WORDS).fetchall()
            for setting in connection.execute(f"SELECT k, v FROM {table}_config").fetchall()  # noqa: S608 - a table of ours
            if setting[0] != "version"
        ]

    def __call__(self, connection: Any) -> None:
        for (statement,) in self._schema:
            connection.execute(statement)
        for statement, setting in self._settings:
            connection.execute(statement, setting)
        connection.executemany(_APPLY, self._applied)
        connection.execute(f"PRAGMA user_version={self._version}")


_FRESH: Final[dict[App, _Copy]] = {}
"""A memory of what is the same in every process of this version, and nothing else."""


def _read_marks(connection: Any) -> tuple[int, int]:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    return application, connection.execute("PRAGMA user_version").fetchone()[0]
