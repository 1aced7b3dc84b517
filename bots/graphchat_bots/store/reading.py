"""Looking into a database that a bot may have open: what was committed at one moment."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import cast

from graphchat.crypto import vault
from graphchat.errors import NotFoundError, StoreError
from graphchat.store import Cursor, files
from graphchat.store.cipher import APPLICATION_ID, connect, standard_errors, store_errors


@contextmanager
def reading(path: Path, passphrase: str | None) -> Iterator[Cursor]:
    """Read the database at ``path`` for a moment; nothing can be written.

    Without the lock of the process that runs the bot, which is why it must be short: SQLite
    cannot shrink its log meanwhile. Raises `NotFoundError` if there is no database,
    `PassphraseError`, `StoreError`.
    """
    places = files.Files.of(path)
    if not (places.vault.exists() and places.database.exists()):
        raise NotFoundError("There is no such database.")
    with files.disk_errors():
        key = vault.unlock(files.read_vault(places), passphrase)
    with (
        store_errors(path),
        standard_errors(),
        closing(connect(places.database, key)) as connection,
    ):
        connection.execute("PRAGMA query_only=ON")
        connection.row_factory = None
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise StoreError("The database is damaged. Restore a backup.")
        yield cast("Cursor", connection.cursor())
