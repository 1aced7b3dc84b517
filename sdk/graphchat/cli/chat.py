"""The command for a conversation on the whole screen."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from graphchat.cli import home
from graphchat.cli.errors import MissingPartError
from graphchat.errors import StateError

if TYPE_CHECKING:
    from graphchat.client import Client, OwnProfile


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command(epilog="Example: graphchat chat Bob")(chat)


def chat(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="CONTACT", help="With whom to begin.")
    ] = None,
) -> None:
    """Talk on the whole screen: contacts, the conversation, and a line to type.

    In it, :help lists what else a line can do, such as replies and reactions. Ctrl-D ends it.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise StateError("A chat needs a terminal. Without one: graphchat send, graphchat receive")
    try:
        from graphchat.cli.screen import Screen
    except ModuleNotFoundError:
        raise MissingPartError(
            'graphchat chat needs textual, which is not installed: pip install "graphchat[tui]"'
        ) from None

    async def work(client: "Client", profile: "OwnProfile") -> None:
        contact = None if name is None else await profile.contact(name)
        await Screen(profile, contact).run_async()

    home.run_as(ctx, work)
