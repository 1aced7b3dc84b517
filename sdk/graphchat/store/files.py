"""The files of a store, and how they come to be.

`NAME` is the database, `NAME.vault` its key, `NAME.lock` the process lock. Both first are
made under other names and renamed, the vault last: a crash leaves nothing, or a store that
opens. All is called with the lock held.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Self

from graphchat.clock import Clock
from graphchat.crypto import vault
from graphchat.errors import StoreError
from graphchat.secret import Secret
from graphchat.store.cipher import APPLICATION_ID, connect

_SIDECARS: Final = ("", "-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Files:
    """Where the parts of one store are."""

    database: Path
    vault: Path
    lock: Path
    new_database: Path
    new_vault: Path

    @classmethod
    def of(cls, path: Path) -> Self:
        def beside(suffix: str) -> Path:
            return path.with_name(path.name + suffix)

        return cls(path, beside(".vault"), beside(".lock"), beside(".new"), beside(".vault.new"))

    def make_folder(self) -> None:
        """Create the folder for its owner alone; one that exists keeps its permissions."""
        self.database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def disk_errors() -> Iterator[None]:
    """Raise `OSError` as `StoreError`, with the path and what to do."""
    try:
        yield
    except OSError as error:
        place = error.filename or "The disk"
        if isinstance(error, FileExistsError | NotADirectoryError):
            sentence = f"{place} is no folder. Choose another place with --home."
        else:
            sentence = (
                f"{place}: {error.strerror}. Check its rights, or choose another place with"
                " --home."
            )
        raise StoreError(f"The files of the database cannot be used: {sentence}") from error


def exists(files: Files) -> bool:
    """Say whether there is a store. Clears away, or finishes, what a crash has left.

    Raises `StoreError` if one of the two files is lost.
    """
    if not files.vault.exists() and files.database.exists() and files.new_vault.exists():
        rename(files.new_vault, files.vault)
    database, key = files.database.exists(), files.vault.exists()
    if key and not database:
        raise StoreError("The database file is lost. Restore a backup, or remove the .vault file.")
    if database and not key:
        raise StoreError("The .vault file of the database is lost. Restore it from a backup.")
    if database and files.database.stat().st_size == 0:
        raise StoreError("The database file is empty. Restore a backup.")
    clear(files)
    return database


def create(files: Files, passphrase: str | None, clock: Clock, strength: vault.Strength) -> Secret:
    """Make an empty encrypted database and its vault, and return the key."""
    data, key = vault.create(passphrase, clock, strength)
    # SQLite would create it for everybody to read.
    os.close(os.open(files.new_database, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    connection = connect(files.new_database, key)
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.close()  # the last connection moves the log into the database
    settle(files, data)
    return key


def settle(files: Files, vault_data: bytes) -> None:
    """Put a new database in its place, and its vault; a crash leaves nothing, or both."""
    _write(files.new_vault, vault_data)
    rename(files.new_database, files.database)
    rename(files.new_vault, files.vault)


def read_vault(files: Files) -> bytes:
    with files.vault.open("rb") as file:
        return file.read(vault.MAX_SIZE + 1)


def replace_vault(files: Files, data: bytes) -> None:
    """Put another vault in place of the old one, or leave the old one."""
    _write(files.new_vault, data)
    rename(files.new_vault, files.vault)


def clear(files: Files) -> None:
    """Remove what a creation that did not come to its end has left."""
    files.new_vault.unlink(missing_ok=True)
    for suffix in _SIDECARS:
        name = files.new_database.name + suffix
        files.new_database.with_name(name).unlink(missing_ok=True)


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def rename(old: Path, new: Path) -> None:
    """Put a file in the place of another, on the disk too."""
    old.replace(new)
    _sync_folder(new.parent)


def _sync_folder(folder: Path) -> None:
    """Write a changed name to the disk, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def draft(target: Path, suffix: str) -> Iterator[Path]:
    """Name a file beside ``target`` that is gone at the end, whatever happens."""
    path = target.with_name(f".{target.name}.{os.getpid()}{suffix}")
    path.unlink(missing_ok=True)
    try:
        yield path
    finally:
        for name in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
            with suppress(OSError):
                name.unlink(missing_ok=True)


@contextmanager
def created(path: Path) -> Iterator[BinaryIO]:
    """Write a new file for the owner alone; at the end it is on the disk. Raises `OSError`."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
