"""Which models and migrations belong to a store; the same for every database."""

import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.migrations.executor import MigrationExecutor

from graphchat.errors import StoreError
from graphchat_relay.store import migrations

# One name per dialect: Tortoise caches statements by it for the whole process.
SQLITE_ALIAS: Final = "relay"
POSTGRES_ALIAS: Final = "relay_postgres"
RECORDS: Final = "tortoise_migrations"
"""Tortoise's table of the migrations that a database has had."""
APPLIED: Final = "SELECT name FROM tortoise_migrations WHERE app = 'relay'"


def apps(alias: str) -> dict[str, dict[str, Any]]:
    """Return Tortoise's description of the relay's tables on the connection ``alias``."""
    return {
        "relay": {
            "models": ["graphchat_relay.store.models"],
            "migrations": "graphchat_relay.store.migrations",
            "default_connection": alias,
        }
    }


@dataclass(frozen=True, slots=True)
class Difference:
    """How the schema of a database differs from that of this program, in names of migrations."""

    lacking: tuple[str, ...]
    """This program has them, the database has not: it is older."""
    unknown: tuple[str, ...]
    """The other way round: it is newer."""

    @classmethod
    def of(cls, applied: Iterable[str]) -> Self:
        """Compare with what a database has had."""
        had = set(applied)
        own = {module.name for module in pkgutil.iter_modules(migrations.__path__)}
        return cls(tuple(sorted(own - had)), tuple(sorted(had - own)))

    def to_do(self, *, migrate: bool) -> bool:
        """Tell whether to migrate; ``migrate`` allows it.

        Raises `StoreError` if the database cannot be used by this program.
        """
        if self.unknown:
            raise StoreError(
                "The database is newer than this version of graphchat: it has"
                f" {', '.join(self.unknown)}. Run the version that was used last, or a newer one."
            )
        if self.lacking and not migrate:
            raise StoreError(
                "The database is older than this version of graphchat: it lacks"
                f" {', '.join(self.lacking)}, and migrate_at_start is off. Run `graphchat relay"
                " migrate` with the same settings first."
            )
        return bool(self.lacking)


async def migrate(client: BaseDBAsyncClient, alias: str) -> tuple[str, ...]:
    """Bring the schema up to date; return what was done. The caller keeps all others out."""
    done: list[str] = []

    def note(event: str, app: str, name: str) -> None:
        if event == "apply_done":
            done.append(name)

    await MigrationExecutor(client, apps(alias)).migrate(progress=note)
    return tuple(done)
