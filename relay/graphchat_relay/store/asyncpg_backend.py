"""PostgreSQL as a backend of Tortoise that takes a URL as the driver does, and logs no values.

Tortoise picks the dialect of migrations by the module of a client, so "asyncpg" must stay in
the name of this one.
"""

import logging
from typing import Any, Final

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient

# Connections of one replica: the writer, the loader, housekeeping, and a few look-ups.
POOL: Final = 8
# Seconds that connecting may take.
PATIENCE: Final = 10.0
FAULTS: Final = (
    OSError,  # also TimeoutError
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # of a connection that broke in the middle of something
    ValueError,  # a URL that is none
)
"""Whatever connecting to a server and asking it can raise."""

# Tortoise writes every statement and its values to its DEBUG log.
_SILENT: Final = logging.getLogger("graphchat_relay.store.pgsql")
_SILENT.disabled = True


class RelayPostgresClient(AsyncpgDBClient):
    """Tortoise's client for the database of several replicas."""

    def __init__(self, dsn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._dsn = dsn
        self.log = _SILENT

    async def create_connection(self, with_db: bool) -> None:  # noqa: FBT001 - as the base
        if self._pool is None:
            self._pool = await asyncpg.create_pool(
                self._dsn, min_size=1, max_size=POOL, timeout=PATIENCE
            )


client_class = RelayPostgresClient
