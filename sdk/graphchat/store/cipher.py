"""One plain SQLCipher connection: its key, its settings, and its errors."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlcipher3 import dbapi2 as sqlcipher
from tortoise import exceptions

from graphchat.errors import StoreConflictError, StoreError
from graphchat.secret import Secret

APPLICATION_ID: Final = 0x67636462
"""The letters gcdb: says which program a database belongs to."""

MEMORY: Final = Path(":memory:")
"""What SQLite calls a database without a file."""

_SETTINGS: Final = (
    "journal_mode=WAL",
    "synchronous=FULL",  # what was promised to a contact survives a power cut
    "secure_delete=ON",
    "foreign_keys=ON",
    "temp_store=MEMORY",  # temporary files would be on disk in clear
    "trusted_schema=OFF",
    "cell_size_check=ON",
    "busy_timeout=5000",  # the process lock keeps others out; a backup tool may look in
    "journal_size_limit=4194304",
)

# It logs failed checks of a page to standard error, and wiping memory (half the speed) is in
# vain in a process where Python holds copies.
_CIPHER_SETTINGS: Final = ("cipher_log_level=NONE", "cipher_memory_security=OFF")

_FULL: Final = "The disk is full. Make room, then try again."
_DAMAGED: Final = "The database is damaged. Restore a backup, or choose another home."
_SENTENCES: Final = {
    "SQLITE_FULL": _FULL,
    "SQLITE_CORRUPT": _DAMAGED,
    "SQLITE_NOTADB": _DAMAGED,
    "SQLITE_IOERR": "The disk cannot be read or written. Check it, then try again.",
    "SQLITE_READONLY": "The database is read-only. Check its rights, or choose another home.",
    "SQLITE_CANTOPEN": "The database cannot be opened. Check its rights, or choose another home.",
    "SQLITE_BUSY": "The database is in use by another program. End it, then try again.",
}

# Tortoise understands the errors of the standard library only.
_TWINS: Final[dict[type[Exception], type[sqlite3.Error]]] = {
    sqlcipher.IntegrityError: sqlite3.IntegrityError,
    sqlcipher.OperationalError: sqlite3.OperationalError,
    sqlcipher.ProgrammingError: sqlite3.ProgrammingError,
    sqlcipher.NotSupportedError: sqlite3.NotSupportedError,
    sqlcipher.InternalError: sqlite3.InternalError,
    sqlcipher.InterfaceError: sqlite3.InterfaceError,
    sqlcipher.DataError: sqlite3.DataError,
}


def connect(path: Path, key: Secret) -> Any:
    """Return a connection in autocommit mode, for the calling thread.

    Creates the database if there is none. Raises errors of `sqlite3`: a wrong key or a damaged
    first page is a `sqlite3.DatabaseError`.
    """
    with standard_errors():
        connection = sqlcipher.connect(path, isolation_level=None, cached_statements=256)
        try:
            for setting in _CIPHER_SETTINGS:
                connection.execute(f"PRAGMA {setting}")
            connection.execute(f"PRAGMA key=\"x'{key.reveal().hex()}'\"")
            for setting in _SETTINGS:
                connection.execute(f"PRAGMA {setting}").fetchall()
            connection.row_factory = sqlcipher.Row
        except BaseException:
            connection.close()
            raise
        return connection


def connect_memory(key: Secret) -> Any:
    """Return a connection to a new database in memory: no file knows of it."""
    connection = connect(MEMORY, key)
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    return connection


@contextmanager
def standard_errors() -> Iterator[None]:
    """Raise SQLCipher's errors as their twins of the standard library."""
    try:
        yield
    except sqlcipher.Error as error:
        twin = _TWINS.get(type(error), sqlite3.DatabaseError)(*error.args)
        twin.sqlite_errorname = getattr(error, "sqlite_errorname", "")
        raise twin from None


@contextmanager
def store_errors(place: Path | None = None) -> Iterator[None]:
    """Raise errors of SQLite and Tortoise as `StoreError`; a bug of ours stays what it is.

    ``place`` is named where the person may have to look.
    """
    try:
        yield
    except (sqlite3.IntegrityError, exceptions.IntegrityError) as error:
        raise StoreConflictError from error
    except (sqlite3.DatabaseError, exceptions.OperationalError) as error:
        sentence = _SENTENCES.get(_result(error))
        if sentence is None:  # no such table, wrong SQL, no such row
            raise
        raise StoreError(sentence if place is None else f"{place}: {sentence}") from error


def _result(error: BaseException) -> str:
    """Return SQLite's primary result, such as SQLITE_IOERR for SQLITE_IOERR_WRITE."""
    if isinstance(error, exceptions.OperationalError) and error.args:
        error = error.args[0]  # Tortoise wraps what it was given
    return "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
