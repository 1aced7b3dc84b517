"""One encrypted file with everything of a bot, and a bot made of such a file.

Rule: both databases are of the same moment, for what one has stored the other has acknowledged;
so the bot must be stopped. And a bot is made in a folder of another name, which is renamed when
all of it is there and was checked: a crash leaves no half bot.

The file is a `graphchat.crypto.archive` behind a magic of its own. Its first piece is `key (32) ||
u64 size` of each database, then come these, one after the other, each in pieces of its own.
"""

import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from shutil import rmtree
from typing import BinaryIO, Final, NamedTuple

from graphchat.clock import Clock
from graphchat.crypto import vault
from graphchat.crypto.archive import DAMAGED, HEAD_SIZE, OVERHEAD, PIECE, Head, Opener, Sealer
from graphchat.errors import NotFoundError, StateError, StoreError
from graphchat.secret import Secret
from graphchat.store import backup as sdk, files, lock
from graphchat.store.backup import Report
from graphchat.store.cipher import store_errors
from graphchat.store.schema import CLIENT
from graphchat_bots.store.queries import BOT

MAGIC: Final = b"GCBOTBK1"
APPS: Final = {"client.db": CLIENT, "bot.db": BOT}


class Protection(NamedTuple):
    """The passphrases of the bot's databases and of the backup, and how dear guessing is."""

    passphrase: str | None
    protect: str
    strength: vault.Strength = vault.MODERATE


# For each database its key and its size.
_PREFACE: Final = struct.Struct(f">{f'{vault.KEY_SIZE}sQ' * len(APPS)}")


class _Part(NamedTuple):
    key: bytes
    size: int


def write(folder: Path, target: Path, protection: Protection, clock: Clock) -> Report:
    """Write a backup of the bot in ``folder`` to ``target``, which is replaced.

    Raises `StoreBusyError` while the bot runs, `NotFoundError`, `PassphraseError`, `StoreError`,
    and `OSError` for ``target``.
    """
    with ExitStack() as stack:
        for name in APPS:
            if not (folder / name).exists():
                raise NotFoundError(f"There is no {name} in {folder}: the bot has not run yet.")
            with files.disk_errors():
                stack.enter_context(lock.exclusive(files.Files.of(folder / name).lock))
        copies = {name: stack.enter_context(files.draft(target, f".{name}.copy")) for name in APPS}
        parts = [_copy(folder / name, copy, protection) for name, copy in copies.items()]
        generation = sdk.generation_of(copies["client.db"], Secret(parts[0].key))
        sealer = Sealer(protection.protect, generation, clock, protection.strength)
        part = stack.enter_context(files.draft(target, ".part"))
        with files.created(part) as out:
            out.write(MAGIC + sealer.head)
            out.write(sealer.seal(_PREFACE.pack(*chain(*parts)), last=False))
            _seal(list(copies.values()), sealer, out)
        files.rename(part, target)
    return Report(generation, int(clock.now()), target.stat().st_size)


def restore(source: Path, folder: Path, protection: Protection, clock: Clock) -> Report:
    """Make the bot in ``folder`` of a backup; there must be none.

    Its databases get ``protection.passphrase``. Raises `StateError` if there is a bot,
    `PassphraseError`, `StoreError`.
    """
    check_free(folder)
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.restored")
    try:
        with files.disk_errors(), source.open("rb") as file:
            draft.mkdir(mode=0o700, parents=True)
            head = _head(file)
            keys = _unseal(Opener(head, protection.protect), file, draft)
            for name, key in keys.items():
                place = files.Files.of(draft / name)
                with store_errors():
                    sdk.check(place.new_database, key, APPS[name])
                    if name == "client.db":
                        sdk.mark(place.new_database, key, head.generation + 1)
                wrapped = vault.pack(key, protection.passphrase, clock, protection.strength)
                files.settle(place, wrapped)
            _put(draft, folder)
    finally:
        rmtree(draft, ignore_errors=True)
    return Report(head.generation + 1, head.made_at, source.stat().st_size)


def _copy(database: Path, copy: Path, protection: Protection) -> _Part:
    place = files.Files.of(database)
    with files.disk_errors():
        key = vault.unlock(files.read_vault(place), protection.passphrase)
    with store_errors(database):
        sdk.copy_of(database, key, copy)
    return _Part(key.reveal(), copy.stat().st_size)


def _seal(copies: Sequence[Path], sealer: Sealer, out: BinaryIO) -> None:
    with ExitStack() as stack:
        pieces = _pieces([stack.enter_context(copy.open("rb")) for copy in copies])
        piece = next(pieces)
        for following in pieces:
            out.write(sealer.seal(piece, last=False))
            piece = following
        out.write(sealer.seal(piece, last=True))


def _pieces(sources: Sequence[BinaryIO]) -> Iterator[bytes]:
    for source in sources:
        while piece := source.read(PIECE):
            yield piece


def _head(file: BinaryIO) -> Head:
    if file.read(len(MAGIC)) != MAGIC:
        raise StoreError("This file is no backup of a bot. Choose another.")
    return Head.parse(file.read(HEAD_SIZE))


def _unseal(opener: Opener, file: BinaryIO, folder: Path) -> dict[str, Secret]:
    """Write the databases under the names of new ones; return their keys."""
    preface, last = opener.open(file.read(_PREFACE.size + OVERHEAD))
    if len(preface) != _PREFACE.size:
        raise StoreError(DAMAGED)
    values = _PREFACE.unpack(preface)
    keys = {name: Secret(key) for name, key in zip(APPS, values[::2], strict=True)}
    for name, size in zip(APPS, values[1::2], strict=True):
        with files.created(files.Files.of(folder / name).new_database) as out:
            while (left := size - out.tell()) > 0:
                piece, last = opener.open(file.read(min(left, PIECE) + OVERHEAD))
                out.write(piece)
    if not last or file.read(1):
        raise StoreError(DAMAGED)
    return keys


def check_free(folder: Path) -> None:
    """Raise `StateError` if there is a bot in ``folder``."""
    if folder.exists() and any(path.suffix != ".lock" for path in folder.iterdir()):
        raise StateError(
            f"There is data of this bot in {folder} already. Move it away, or choose another home"
            " for the backup: graphchat --home DIR bot restore ..."
        )


def _put(draft: Path, folder: Path) -> None:
    for path in folder.iterdir() if folder.exists() else ():
        path.unlink()  # locks that nobody holds: a bot that runs has databases
    files.rename(draft, folder)
