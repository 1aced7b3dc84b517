"""Saying something to a contact."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli import home, output
from graphchat.cli.options import Json, Who, seconds
from graphchat.errors import ContentError, StateError

if TYPE_CHECKING:
    from graphchat.client import Client, Contact, OwnProfile, Receipt
    from graphchat.content import Message

# Seconds that `send` gives relays to take a message before it is left in the queue.
PATIENCE: Final = 10.0
# Seconds until it says that it still tries.
QUIET: Final = 1.5
STDIN: Final = "-"


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command(epilog='Example: graphchat send Bob "See you at eight" --wait 30')(send)


def send(
    ctx: typer.Context,
    *,
    name: Who,
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT",
            help="What to say; with --file the caption; - reads it from standard input.",
        ),
    ] = "",
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, metavar="FILE", help="A picture to send."),
    ] = None,
    wait: Annotated[
        float | None,
        typer.Option(
            parser=seconds,
            metavar="SECONDS",
            help="Stay until the contact has confirmed it, this long at most.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Send a message. It is done once one relay has it.

    When no relay can be reached the message stays queued, and leaves with the next command
    that connects.
    """
    message = _message(_read() if text == STDIN else text, file)

    async def work(client: "Client", profile: "OwnProfile") -> None:
        contact = await profile.contact(name)
        receipt = await _sent(contact, message, wait)
        _show_sent(contact, receipt, as_json=as_json)
        if wait is not None and receipt.state != "delivered":
            raise StateError(
                f"Not confirmed within {output.lasting(wait)}; the message is {receipt.state},"
                " and goes on by itself: graphchat receive"
            )
        if receipt.state == "queued":
            output.say(_why_queued(contact))

    home.run_as(ctx, work)


def _message(text: str, file: Path | None) -> "Message":
    from graphchat.content import Text
    from graphchat.content.pictures import MAX_FILE, make_image

    if file is not None:
        with file.open("rb") as opened:
            return make_image(opened.read(MAX_FILE + 1), text)
    if not text.strip():
        raise ContentError("There is nothing to send. Give a text, or --file with a picture.")
    return Text(text)


def _read() -> str:
    """Return what comes in on standard input, without the line break at its end."""
    from graphchat.content.spoken import MAX_TEXT

    if sys.stdin.isatty():
        output.say("Type the text; Ctrl-D at the beginning of a line ends it.")
    try:
        # Too long is told by one character more.
        return sys.stdin.read(MAX_TEXT + 2).removesuffix("\n")
    except UnicodeDecodeError:
        raise ContentError("Standard input is not text in UTF-8. Convert it first.") from None


async def _sent(contact: "Contact", message: "Message", wait: float | None) -> "Receipt":
    receipt = await contact.post(message)
    seconds = PATIENCE if wait is None else wait
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    if not await home.in_time(receipt.sent(), min(QUIET, seconds)) and seconds > QUIET:
        output.say(_still_trying(contact, seconds))
    goal = receipt.sent() if wait is None else receipt.delivered()
    await home.in_time(goal, end - loop.time())
    return receipt


def _show_sent(contact: "Contact", receipt: "Receipt", *, as_json: bool) -> None:
    if as_json:
        head = {"event": receipt.state, "contact": contact.name, "contact_id": contact.id}
        output.write_json({**head, "id": receipt.id.hex()})
    else:
        output.write(receipt.state)


def _still_trying(contact: "Contact", seconds: float) -> str:
    if contact.state == "established":
        return f"No relay answers yet; it goes on trying, {output.lasting(seconds)} in all ..."
    return f"{contact.name} has not answered yet; waiting, {output.lasting(seconds)} in all ..."


def _why_queued(contact: "Contact") -> str:
    if contact.needs_code:
        return (
            f"{contact.name} needs a new code from you, since a backup was restored. The message"
            " leaves then."
        )
    if contact.state == "established":
        return "No relay has taken the message yet. It leaves with the next command that connects."
    return f"{contact.name} has not answered yet. The message leaves once you are contacts."
