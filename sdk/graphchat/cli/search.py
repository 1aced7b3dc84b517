"""Looking for words in all conversations of a profile."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from graphchat.cli import home, output
from graphchat.cli.history import MOST_LINES, rendered
from graphchat.cli.options import Json

if TYPE_CHECKING:
    from graphchat.client import Client, OwnProfile


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command(epilog="Example: graphchat search 'boat \"at eight\"'")(search)


def search(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help='Words, or "words in a row".')],
    limit: Annotated[
        int, typer.Option(min=1, max=MOST_LINES, help="How many, counted from the newest.")
    ] = 50,
    as_json: Json = False,
) -> None:
    """Find messages with every contact, oldest first. Case and accents do not matter.

    A word may be the beginning of a longer one. Where nothing has such words, parts of words
    are found too.
    """

    async def work(client: "Client", profile: "OwnProfile") -> Sequence[str]:
        found = await profile.search(text, limit=limit)
        if not found:
            output.say(f"No message contains {text!r}.")
        return [
            rendered(profile.name, contact.name, line, None, as_json=as_json, named=True)
            for contact, line in found
        ]

    for line in home.run_as(ctx, work):
        output.write(line)
