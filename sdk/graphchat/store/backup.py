"""One encrypted file with everything of a home, and a home made of such a file.

Rule: both are written under another name and renamed when they are whole and on the disk: a
crash leaves no half backup, and no half home. The text of a backup is `key of the database (32)
|| u64 its length`, then the database, as SQLCipher keeps it.
"""

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from graphchat.clock import Clock
from graphchat.crypto import archive, vault
from graphchat.crypto.archive import DAMAGED, HEAD_SIZE, PIECE, SEALED, Head, Opener, Sealer
from graphchat.errors import StateError, StoreError
from graphchat.secret import Secret
from graphchat.store import files, lock
from graphchat.store.cipher import APPLICATION_ID, connect, store_errors
from graphchat.store.schema import CLIENT, App

Progress = Callable[[int, int], None]
"""Hears how many bytes are done, and of how many; may raise to stop."""

GENERATION: Final = "generation"
RESTORED: Final = "restored"

_PREFACE: Final = vault.KEY_SIZE + 8
_SETTING: Final = "SELECT value FROM client_setting WHERE key = ?"
_SET: Final = (
    "INSERT INTO client_setting (key, value) VALUES (?, ?)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a backup."""

    generation: int
    made_at: int
    """Seconds since 1970-01-01 UTC."""
    size: int
    """Bytes of the file."""


def quiet(_done: int, _of: int) -> None:
    pass


def write(  # noqa: PLR0913 - what a backup is made of, each by its name
    home: Path,
    target: Path,
    *,
    passphrase: str | None,
    protect: str,
    clock: Clock,
    strength: vault.Strength = vault.MODERATE,
    progress: Progress = quiet,
) -> Report:
    """Write a backup of the database at ``home`` to ``target``, which is replaced.

    A client may have it open meanwhile: the copy is what was committed at one moment.
    ``protect`` is the passphrase of the backup. Raises `PassphraseError`, `StoreError`,
    and `OSError` for ``target``.
    """
    places = files.Files.of(home)
    if not places.vault.exists() or not places.database.exists():
        raise StateError("There is no home to back up. Make one: graphchat profile create")
    with files.disk_errors():
        key = vault.unlock(files.read_vault(places), passphrase)
    with files.draft(target, ".copy") as copy, files.draft(target, ".part") as part:
        with store_errors(places.database):
            copy_of(places.database, key, copy)
            generation = generation_of(copy, key)
        sealer = Sealer(protect, generation, clock, strength)
        with copy.open("rb") as source, files.created(part) as out:
            out.write(sealer.head)
            _seal(key, source, sealer, out, progress)
        files.rename(part, target)
    return Report(generation, int(clock.now()), target.stat().st_size)


def restore(  # noqa: PLR0913
    source: Path,
    home: Path,
    *,
    protect: str,
    passphrase: str | None,
    clock: Clock,
    strength: vault.Strength = vault.MODERATE,
    progress: Progress = quiet,
) -> Report:
    """Make the database at ``home`` of a backup; there must be none.

    ``protect`` is the passphrase of the backup, ``passphrase`` the one that the home gets. All
    is checked before the home is there. Raises `StateError` if there is a home,
    `PassphraseError`, `StoreError`.
    """
    places = files.Files.of(home)
    with files.disk_errors():
        places.make_folder()
        with lock.exclusive(places.lock):
            if files.exists(places):
                raise StateError(
                    f"There is a home in {home.parent} already. Choose another for the backup:"
                    " graphchat --home DIR restore FILE"
                )
            with source.open("rb") as file:
                head = Head.parse(file.read(HEAD_SIZE))
                try:
                    key = _unseal(Opener(head, protect), file, places.new_database, progress)
                    with store_errors():
                        check(places.new_database, key, CLIENT)
                        mark(places.new_database, key, head.generation + 1)
                    files.settle(places, vault.pack(key, passphrase, clock, strength))
                finally:
                    files.clear(places)
        return Report(head.generation + 1, head.made_at, source.stat().st_size)


def copy_of(database: Path, key: Secret, copy: Path) -> None:
    """Copy what is committed, and nothing that was deleted. Raises `StateError` if it is empty."""
    with closing(connect(database, key)) as connection:
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            raise StateError("This home is empty: there is nothing to back up.")
        with files.created(copy):
            pass  # SQLite would create it for everybody to read
        connection.execute("VACUUM INTO ?", (str(copy),))


def generation_of(database: Path, key: Secret) -> int:
    """Return how often the home with this database was restored."""
    with closing(connect(database, key)) as connection:
        row = connection.execute(_SETTING, (GENERATION,)).fetchone()
        return int.from_bytes(row[0]) if row else 0


def _seal(
    key: Secret, source: BinaryIO, sealer: Sealer, out: BinaryIO, progress: Progress
) -> None:
    size = os.fstat(source.fileno()).st_size
    out.write(sealer.seal(key.reveal() + size.to_bytes(8), last=False))
    done = 0
    while done < size:
        text = source.read(PIECE)
        done += len(text)
        out.write(sealer.seal(text, last=done >= size))
        progress(done, size)


def _unseal(opener: Opener, source: BinaryIO, target: Path, progress: Progress) -> Secret:
    """Write the database to ``target``; return its key."""
    preface, last = opener.open(source.read(_PREFACE + archive.OVERHEAD))
    if len(preface) != _PREFACE or last:
        raise StoreError(DAMAGED)
    size, done = int.from_bytes(preface[vault.KEY_SIZE :]), 0
    with files.created(target) as out:
        while not last:
            text, last = opener.open(source.read(SEALED))
            out.write(text)
            done += len(text)
            progress(done, size)
    if done != size or source.read(1):
        raise StoreError(DAMAGED)
    return Secret(preface[: vault.KEY_SIZE])


def check(database: Path, key: Secret, app: App) -> None:
    """Read a whole database of a backup. Raises `StoreError` if it cannot be used."""
    with closing(connect(database, key)) as connection:
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise StoreError(DAMAGED)
        if connection.execute("PRAGMA user_version").fetchone()[0] > app.version:
            raise StoreError("The backup is of a newer version. Please update graphchat.")
        for pragma in ("cipher_integrity_check", "quick_check"):
            rows = [row[0] for row in connection.execute(f"PRAGMA {pragma}").fetchall()]
            if rows not in ([], ["ok"]):
                raise StoreError(DAMAGED)


def mark(database: Path, key: Secret, generation: int) -> None:
    """Have the next client that opens the database know that it was restored."""
    with closing(connect(database, key)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_SET, (GENERATION, generation.to_bytes(8)))
        connection.execute(_SET, (RESTORED, b"\1"))
        connection.execute("COMMIT")
