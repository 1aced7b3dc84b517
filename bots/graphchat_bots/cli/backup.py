"""``graphchat bot backup`` and ``restore``: a bot in one encrypted file, and back."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli.options import Json
from graphchat_bots.cli.options import Target

if TYPE_CHECKING:
    from graphchat.store.backup import Report

RESTORED: Final = (
    "Whoever was connected needs a new code before the bot can answer (graphchat --home {folder}"
    " rekey CONTACT), or connects anew by its link: keys of the backup may have been used since,"
    " and are never used again."
)
TWO: Final = (
    "Never run it beside the bot that the backup was made of: both receive by the same queues,"
    " and take messages from each other."
)


def register(app: typer.Typer) -> None:
    """Add the commands of this module to ``graphchat bot``."""
    app.command(epilog="Example: graphchat bot backup shop.py shop-2026-11.backup")(backup)
    app.command(epilog="Example: graphchat --home NEW bot restore shop.py shop-2026-11.backup")(
        restore
    )


def backup(
    ctx: typer.Context,
    target: Target,
    file: Annotated[
        Path,
        typer.Argument(dir_okay=False, metavar="FILE", help="Replaced if it is there already."),
    ],
    as_json: Json = False,
) -> None:
    """Write everything of a bot that is stopped into one encrypted file.

    Its address, contacts, messages, keys, states, jobs and dead letters are in it, its code is
    not. GRAPHCHAT_BACKUP_PASSPHRASE or a question says by which passphrase it opens; without, by
    that of the bot.
    """
    from graphchat.cli import backup as home_backup, passphrase
    from graphchat.clock import SystemClock
    from graphchat_bots.cli.found import Found
    from graphchat_bots.store.backup import Protection, write

    found = Found.of(ctx, target)
    secret = found.secret()
    protection = Protection(secret, home_backup.protection(secret))
    with passphrase.explained(secret), found.stopped():
        report = write(found.folder, file, protection, SystemClock())
    _tell(file, report, as_json=as_json)


def restore(
    ctx: typer.Context,
    target: Target,
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="A backup.")
    ],
    as_json: Json = False,
) -> None:
    """Make the data of a bot of a backup, where there is none yet: --home says where.

    All is checked before it is there. It gets the passphrase of the backup, or that of
    GRAPHCHAT_PASSPHRASE. No event is handled twice, and what relays still hold is received. But
    whoever was connected needs a new code before the bot can answer.
    """
    import os

    from graphchat.cli import backup as home_backup
    from graphchat.cli.output import say
    from graphchat.clock import SystemClock
    from graphchat.store import passphrase as sources
    from graphchat_bots.cli.found import Found
    from graphchat_bots.store.backup import Protection, check_free, restore as make

    found = Found.of(ctx, target)
    check_free(found.folder)
    protect = home_backup.protected_by(file)
    protection = Protection(os.environ.get(sources.VARIABLE) or protect, protect)
    report = make(file, found.folder, protection, SystemClock())
    _tell(file, report, as_json=as_json)
    say(RESTORED.format(folder=found.folder))
    say(TWO)


def _tell(file: Path, report: "Report", *, as_json: bool) -> None:
    from graphchat.cli import output

    made = datetime.fromtimestamp(report.made_at, UTC)
    if as_json:
        record = {"file": str(file), "made_at": made.isoformat()}
        output.write_json({**record, "generation": report.generation, "size": report.size})
    else:
        size = max(1, report.size // 1024)
        output.write(output.plain(f"{file}: {size} KiB, of {made.astimezone():%Y-%m-%d %H:%M}"))
