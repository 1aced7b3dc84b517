"""Everything of a home in one encrypted file, and back."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli import home, output
from graphchat.cli.options import Json
from graphchat.cli.progress import bar
from graphchat.errors import NotFoundError, PassphraseError, StateError

if TYPE_CHECKING:
    from graphchat.store.backup import Report

VARIABLE: Final = "GRAPHCHAT_BACKUP_PASSPHRASE"
"""The environment variable with the passphrase of a backup."""

RESTORED: Final = (
    "Contacts need a new code (graphchat rekey CONTACT) before you can write to them: keys of the"
    " backup may have been used since, and are never used again. Messages that came after it was"
    " made are not in it."
)
TWO: Final = (
    "If the home that it was made of is still in use, go on with one of the two only: both"
    " receive by the same queues, and take messages from each other."
)


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.command(epilog="Example: graphchat backup graphchat-2026-11.backup")(backup)
    app.command(epilog="Example: graphchat --home NEW restore graphchat-2026-11.backup")(restore)


def backup(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(dir_okay=False, metavar="FILE", help="Replaced if it is there already."),
    ],
    as_json: Json = False,
) -> None:
    """Write everything of this home into one encrypted file, also while a client is running.

    Profiles, contacts, messages and keys are in it. GRAPHCHAT_BACKUP_PASSPHRASE or a question
    says by which passphrase it opens; without, by that of the home.
    """
    from graphchat.cli import passphrase
    from graphchat.clock import SystemClock
    from graphchat.store.backup import write

    found = home.Home.of(ctx)
    if not found.exists:
        raise NotFoundError(home.NO_PROFILE)
    secret = passphrase.get(found.database)
    protect = protection(secret)
    with passphrase.explained(secret), bar("Backing up") as progress:
        report = write(
            found.database,
            file,
            passphrase=secret,
            protect=protect,
            clock=SystemClock(),
            progress=progress,
        )
    _tell(file, report, as_json=as_json)


def restore(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="A backup.")
    ],
    as_json: Json = False,
) -> None:
    """Make a home of a backup, where there is none yet: --home says where.

    It is checked whole before the home is there. The home gets the passphrase of the backup,
    or that of GRAPHCHAT_PASSPHRASE. Contacts need a new code before you can write to them.
    """
    from graphchat.clock import SystemClock
    from graphchat.store import passphrase as sources
    from graphchat.store.backup import restore as make

    found = home.Home.of(ctx)
    if found.exists:
        raise StateError(
            f"There is a home in {found.folder} already. Choose another place for the backup:"
            " graphchat --home DIR restore FILE"
        )
    protect = protected_by(file)
    with bar("Restoring") as progress:
        report = make(
            file,
            found.database,
            protect=protect,
            passphrase=os.environ.get(sources.VARIABLE) or protect,
            clock=SystemClock(),
            progress=progress,
        )
    _tell(file, report, as_json=as_json)
    output.say(RESTORED)
    output.say(TWO)


def protection(secret: str | None) -> str:
    """Return the passphrase that a backup is to get. Raises `PassphraseError`."""
    from graphchat.cli import passphrase

    if chosen := os.environ.get(VARIABLE):
        return chosen
    if output.can_ask():
        chosen = passphrase.chosen("Choose a passphrase for the backup (empty: that of the home)")
    if not (protect := chosen or secret):
        raise PassphraseError(
            f"A backup needs a passphrase, and this home has none. Set {VARIABLE}."
        )
    return protect


def protected_by(file: Path) -> str:
    """Return the passphrase that opens a backup. Raises `PassphraseError` if nobody is there."""
    from graphchat.cli import passphrase

    if given := os.environ.get(VARIABLE):
        return given
    if not output.can_ask():
        raise PassphraseError(f"A backup has a passphrase. Set {VARIABLE}.")
    return passphrase.typed(f"Passphrase of {file.name}")


def _tell(file: Path, report: "Report", *, as_json: bool) -> None:
    made = datetime.fromtimestamp(report.made_at, UTC)
    if as_json:
        output.write_json(
            {
                "file": str(file),
                "made_at": made.isoformat(),
                "generation": report.generation,
                "size": report.size,
            }
        )
    else:
        size = max(1, report.size // 1024)
        output.write(output.plain(f"{file}: {size} KiB, of {made.astimezone():%Y-%m-%d %H:%M}"))
