"""Which tables a database has, and how an older one gets them."""

import pkgutil
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

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


CLIENT: Final = App("client", "graphchat.store.models", "graphchat.store.migrations")


async def prepare(client: SqlcipherClient, app: App) -> None:
    """Bring the database to the version of the program, or leave it as it is.

    Wants the Tortoise context of the client. Raises `StoreError` if the database was made by a
    newer version, or by another program.
    """
    async with client.turn() as connection:
        application, version = await connection.run(_read_marks)
    if application != APPLICATION_ID:
        raise StoreError("This is not a graphchat database. Choose another file.")
    if version > app.version:
        raise StoreError("The database was made by a newer version. Please update graphchat.")
    if version < app.version:
        await _migrate(client, app)


async def _migrate(client: SqlcipherClient, app: App) -> None:
    # SQLite changes a table by making another: dropping the old one would cascade.
    async with client.turn() as connection:
        await connection.run(lambda plain: plain.execute("PRAGMA foreign_keys=OFF"))
    async with in_transaction(app.label) as transaction:
        await MigrationExecutor(transaction, {app.label: app.config()}).migrate()
        await transaction.execute_script(f"PRAGMA user_version={app.version}")
        _, orphans = await transaction.execute_query("PRAGMA foreign_key_check")
        if orphans:
            raise StoreError("The database could not be brought to this version: rows are lost.")
    async with client.turn() as connection:
        await connection.run(lambda plain: plain.execute("PRAGMA foreign_keys=ON"))


def _read_marks(connection: Any) -> tuple[int, int]:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    return application, connection.execute("PRAGMA user_version").fetchone()[0]
