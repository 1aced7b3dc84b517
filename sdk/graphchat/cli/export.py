"""A whole conversation as one file: lines of JSON, or a page for any browser."""

from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Protocol

import typer

from graphchat.cli import home, output
from graphchat.cli.options import Who
from graphchat.cli.progress import bar

if TYPE_CHECKING:
    from graphchat.client import Client, Contact, Line, OwnProfile

ENDINGS: Final = (".json", ".html")


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command(epilog="Example: graphchat export Bob bob.html")(export)


def ending(path: Path) -> Path:
    """Check that the name of a file says what it is to be. Raises `typer.BadParameter`."""
    if path.suffix.lower() not in ENDINGS:
        raise typer.BadParameter(f"{str(path)!r} does not end in .json or .html")
    return path


def export(
    ctx: typer.Context,
    name: Who,
    file: Annotated[
        Path,
        typer.Argument(
            dir_okay=False,
            callback=ending,
            metavar="FILE",
            help="Ends in .json or .html; replaced if it is there already.",
        ),
    ],
) -> None:
    """Write all that was said with a contact into one file that is NOT encrypted.

    FILE.json has an object per line, as of history --json, with what pictures and recordings
    hold as base64 in "data". FILE.html is a page that needs nothing else, to read or to print.
    """

    async def work(client: "Client", profile: "OwnProfile") -> int:
        return await _write(await profile.contact(name), profile.name, file)

    count = home.run_as(ctx, work)
    messages = "1 message" if count == 1 else f"{count} messages"
    output.say(f"{messages} in {file}. Whoever has this file can read them.")


class Renderer(Protocol):
    """Makes a file of lines, part by part."""

    def start(self) -> str: ...
    def line(self, line: "Line", /) -> str: ...
    def end(self) -> str: ...


class Objects:
    """A JSON object per line: that of `history --json`, with what a message carries."""

    def __init__(self, other: str) -> None:
        self._other: Final = other

    def start(self) -> str:
        return ""

    def line(self, line: "Line") -> str:
        from graphchat.cli import events
        from graphchat.content import Image, Voice

        record = dict(events.line_record(self._other, line))
        if isinstance(line.message, Image | Voice):
            record["data"] = b64encode(line.message.data).decode()
        return f"{output.as_json(record)}\n"

    def end(self) -> str:
        return ""


async def _write(contact: "Contact", me: str, file: Path) -> int:
    """Write a file beside ``file`` and rename it when it is whole; return how many lines."""
    from graphchat.store import files

    count, renderer = 0, _renderer(me, contact.name, file)
    with files.draft(file, ".part") as part:
        with files.created(part) as out, bar("Writing") as progress:
            out.write(renderer.start().encode())
            async for line in contact.everything(progress):
                out.write(renderer.line(line).encode())
                count += 1
            out.write(renderer.end().encode())
        files.rename(part, file)
    return count


def _renderer(me: str, other: str, file: Path) -> Renderer:
    from graphchat.cli.page import Page

    if file.suffix.lower() == ".html":
        return Page(me, other, datetime.now(UTC))
    return Objects(other)
