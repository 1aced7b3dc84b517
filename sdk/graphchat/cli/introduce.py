"""Introducing two contacts to each other."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli import home, output
from graphchat.cli.options import Who

if TYPE_CHECKING:
    from graphchat.client import Client, OwnProfile

# Seconds that a relay gets to take what is said.
PATIENCE: Final = 10.0


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command(epilog='Example: graphchat introduce Bob Carol --message "You both play chess."')(
        introduce
    )


def introduce(
    ctx: typer.Context,
    first: Who,
    second: Who,
    message: Annotated[
        str, typer.Option("--message", "-m", metavar="TEXT", help="What both are told with it.")
    ] = "",
) -> None:
    """Ask two contacts whether they want to meet; they become contacts if both say yes.

    Both see it in graphchat requests list. Where several contacts introduce the same two, and both
    join them, all of those would have to lie to read along.
    """

    async def work(client: "Client", profile: "OwnProfile") -> None:
        people = [await profile.contact(name) for name in (first, second)]
        await profile.introduce(*people, text=message)
        for contact in people:
            if not await home.in_time(contact.flushed(), PATIENCE):
                output.say(
                    f"No relay of {output.plain(contact.name)} answers; it leaves with the next"
                    " command that connects."
                )
        names = " and ".join(output.plain(contact.name) for contact in people)
        output.say(f"{names} are asked. graphchat receive tells when both have said yes.")

    home.run_as(ctx, work)
