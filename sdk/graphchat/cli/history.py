"""Looking up what was said with a contact, and getting its pictures out."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli import home, output
from graphchat.cli.options import Ids, Json, Save, Who

if TYPE_CHECKING:
    from graphchat.client import Client, Contact, Line, OwnProfile

MOST_LINES: Final = 1000
PAGE: Final = 50
PRIVATE: Final = "This conversation is private: nothing in it is signed, and nobody can prove it."


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command(epilog='Example: graphchat history Bob --search "eight" --limit 10')(history)


def history(
    ctx: typer.Context,
    *,
    name: Who,
    search: Annotated[
        str, typer.Option(metavar="TEXT", help="Only messages with these words.")
    ] = "",
    limit: Annotated[
        int, typer.Option(min=1, max=MOST_LINES, help="How many, counted from the newest.")
    ] = 50,
    ids: Ids = False,
    save: Save = None,
    as_json: Json = False,
) -> None:
    """Show what was said with a contact, oldest first.

    --search finds words in any case, and beginnings of words; "words in quotation marks" stand
    together. With --save, the pictures among the messages that it shows are written to files.
    """

    async def work(client: "Client", profile: "OwnProfile") -> Sequence[str]:
        contact = await profile.contact(name)

        def render(line: "Line") -> str:
            text = rendered(profile.name, contact.name, line, save, as_json=as_json)
            return f"{line.id.hex()[:8]} {text}" if ids and not as_json else text

        found = await _pages(contact, search, limit, render)
        if not found:
            output.say(_nothing(contact.name, search))
        elif contact.mode == "private":
            output.say(PRIVATE)
        return found

    for line in home.run_as(ctx, work):
        output.write(line)


async def _pages(
    contact: "Contact", search: str, limit: int, render: Callable[["Line"], str]
) -> Sequence[str]:
    """Return the newest ``limit`` lines, oldest first; pictures are in memory a page at a time."""
    found: list[str] = []
    before: int | None = None
    while len(found) < limit:
        size = min(PAGE, limit - len(found))
        page = await contact.history(query=search, before=before, limit=size)
        found[:0] = map(render, page)
        if len(page) < size:
            break
        before = page[0].position
    return found


def rendered(
    me: str,
    other: str,
    line: "Line",
    folder: Path | None,
    *,
    as_json: bool,
    named: bool = False,
) -> str:
    """Return one message as it is shown; ``named`` says to whom ours went."""
    from graphchat.cli import events, pictures
    from graphchat.cli.terminal import Terminal

    file = pictures.save(line.message, line.id, folder) if folder else None
    if as_json:
        return output.as_json(events.line_record(other, line, file))
    to = f"{me} to {other}" if named else me
    return events.shown(to, other, line, _where(other, line, file), Terminal.here())


def _where(other: str, line: "Line", file: Path | None) -> str:
    """Say where what a line carries is; files of ours are where they were."""
    from graphchat.cli import pictures
    from graphchat.content import File

    if line.outgoing and isinstance(line.message, File):
        return "sent"
    return pictures.where(other, file, line.message, line.id)


def _nothing(name: str, search: str) -> str:
    if search:
        return f"No message with {name} contains {search!r}."
    return f"Nothing was said with {name} yet."
