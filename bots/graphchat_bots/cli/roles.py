"""``graphchat bot roles``: who may do more with a bot, and how that is taken back."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli.options import Json
from graphchat_bots.cli.options import Target

if TYPE_CHECKING:
    from graphchat.store import Cursor

COLUMNS: Final = ("number", "name", "role", "since")


def register(app: typer.Typer) -> None:
    """Add the command of this module to ``graphchat bot``."""
    app.command(epilog="Example: graphchat bot roles shop.py --revoke 2")(roles)


def roles(
    ctx: typer.Context,
    target: Target,
    revoke: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", help="Take this role back; the bot must be stopped."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List who is more than a member, also while the bot runs.

    Roles are given by: graphchat bot admin. While the bot runs, its admins say /roles to it, and
    take a role back by /roles revoke NUMBER.
    """
    from graphchat.cli import output
    from graphchat_bots.cli.found import Found
    from graphchat_bots.store.roles import holders

    found = Found.of(ctx, target)
    if revoke is not None:
        name = found.write(lambda cursor: _revoke(cursor, revoke))
        output.say(f"{name} is a member now, as everybody is.")
        return
    held = found.read(found.store, holders)
    if not held:
        output.say(f"Nobody has a role with {found.bot.name}. Give one: graphchat bot admin")
    rows = [
        {
            "number": each.number,
            "name": each.name,
            "role": each.role.label,
            "since": datetime.fromtimestamp(each.at, UTC).isoformat(timespec="seconds"),
        }
        for each in held
    ]
    output.write_rows(rows, COLUMNS, as_json=as_json)


def _revoke(cursor: "Cursor", number: int) -> str:
    """Take a role back; return the name of who had it. Raises `NotFoundError`."""
    from graphchat.errors import NotFoundError
    from graphchat_bots.roles import Role, RoleChange
    from graphchat_bots.store.roles import change_roles, holders

    for each in holders(cursor):
        if each.number == number:
            change_roles(cursor, [RoleChange(each.sender, each.name, Role.MEMBER, each.at)])
            return each.name
    raise NotFoundError(f"Nobody has the number {number}. See the list without --revoke.")
