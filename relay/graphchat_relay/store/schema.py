"""Which models and migrations belong to a store; the same for every database."""

from typing import Any, Final

# One name per dialect: Tortoise caches statements by it for the whole process.
SQLITE_ALIAS: Final = "relay"
POSTGRES_ALIAS: Final = "relay_postgres"


def apps(alias: str) -> dict[str, dict[str, Any]]:
    """Return Tortoise's description of the relay's tables on the connection ``alias``."""
    return {
        "relay": {
            "models": ["graphchat_relay.store.models"],
            "migrations": "graphchat_relay.store.migrations",
            "default_connection": alias,
        }
    }
