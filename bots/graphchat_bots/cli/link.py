"""``graphchat bot link`` and ``admin``: how people reach a bot, and who may do more with it."""

from typing import Annotated, Literal

import typer

from graphchat.cli.options import Json, Qr
from graphchat_bots.cli.options import Target


def register(app: typer.Typer) -> None:
    """Add the commands of this module to ``graphchat bot``."""
    app.command(epilog="Example: graphchat bot link shop.py --qr shop.png")(link)
    app.command(epilog="Example: graphchat bot admin shop.py --role moderator")(admin)


def link(ctx: typer.Context, target: Target, qr: Qr = None, as_json: Json = False) -> None:
    """Print the link by which people reach a bot, also while it runs, and its QR code.

    It is made when the bot starts for the first time, and stays the same.
    """
    from graphchat.cli import codes
    from graphchat_bots.cli.found import Found

    codes.show(Found.of(ctx, target).link(), qr, as_json=as_json)


def admin(
    ctx: typer.Context,
    target: Target,
    role: Annotated[
        Literal["admin", "moderator"], typer.Option(help="What they may be: see Role.")
    ] = "admin",
    qr: Qr = None,
    as_json: Json = False,
) -> None:
    """Invite somebody to a role: whoever first says the printed words to the bot has it.

    The words are good once, for 24 hours; hand them over by a way that you trust. The bot may run
    meanwhile.
    """
    from graphchat.cli import codes
    from graphchat.cli.output import say, write
    from graphchat.clock import SystemClock
    from graphchat.store.files import disk_errors
    from graphchat_bots.cli.found import Found
    from graphchat_bots.grants import GOOD_FOR, invite
    from graphchat_bots.roles import Role

    found = Found.of(ctx, target)
    address = found.link()
    with disk_errors():
        words = invite(found.folder, Role[role.upper()], SystemClock())
    hours = GOOD_FOR.total_seconds() / 3600
    if not as_json:
        say(f"Whoever says this to {found.bot.name} first, within {hours:g} hours, is {role}:")
        write(words)
        say(f"{found.bot.name} is reached by this link:")
    codes.show(address, qr, as_json=as_json, say=words, role=role)
