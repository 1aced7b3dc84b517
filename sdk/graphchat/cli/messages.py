"""Saying something to a contact."""

import asyncio
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli import home, output, transfers
from graphchat.cli.compose import Wanted, compose
from graphchat.cli.options import Json, Who, seconds
from graphchat.errors import StateError

if TYPE_CHECKING:
    from graphchat.client import Client, Contact, LocalFile, OwnProfile, Receipt
    from graphchat.content import Message

# Seconds that `send` gives relays to take a message before it is left in the queue.
PATIENCE: Final = 10.0
# Seconds until it says that it still tries.
QUIET: Final = 1.5


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
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            help="A picture, made small and safe, or any other file of up to 1 GiB.",
        ),
    ] = None,
    original: Annotated[
        bool,
        typer.Option(
            "--original", help="Send a picture as it is, with what the camera wrote into it."
        ),
    ] = False,
    voice: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, metavar="FILE", help="A recording: Opus in Ogg."
        ),
    ] = None,
    location: Annotated[
        str | None,
        typer.Option(metavar="LAT,LON", help="A place in degrees; TEXT says what is there."),
    ] = None,
    poll: Annotated[
        str | None, typer.Option(metavar="QUESTION", help="A question with answers to vote on.")
    ] = None,
    choices: Annotated[
        str | None, typer.Option(metavar="QUESTION", help="A question with buttons to press.")
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--option",
            metavar="ANSWER",
            help="An answer of the poll, or a button (also ID=LABEL); up to 20 times.",
        ),
    ] = None,
    several: Annotated[
        bool, typer.Option("--several", help="A vote may have several answers.")
    ] = False,
    form: Annotated[str | None, typer.Option(metavar="TITLE", help="A form to fill in.")] = None,
    fields: Annotated[
        list[str] | None,
        typer.Option(
            "--field",
            metavar="FIELD",
            help="'NAME: LABEL', or with a kind: 'NAME (number, optional): LABEL'. Kinds: text,"
            " number, date, yes-no, choice: A, B.",
        ),
    ] = None,
    reply: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The message that this answers: its id, or last."),
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
    """Send a message: text (CommonMark), a picture, a file, a recording, a place, a question.

    It is done once one relay has it. A file goes to your relays first, to two of them where you
    have two, and waits there for 21 days; the message follows. Ctrl-C leaves it: it goes on
    with the next command that connects. See: graphchat file

    When no relay can be reached the message stays queued, and leaves with the next command
    that connects.
    """
    wanted = Wanted(
        *(text, file, voice, location, poll, options or (), several),
        *(choices, form, fields or (), original),
    )
    message = compose(wanted)

    async def work(client: "Client", profile: "OwnProfile") -> None:
        contact = await profile.contact(name)
        said = message if reply is None else await _reply(contact, message, reply)
        receipt = await contact.post(said)
        await deliver(contact, receipt, wait, as_json=as_json)

    home.run_as(ctx, work)


async def _reply(
    contact: "Contact", message: "Message | LocalFile", text: str
) -> "Message | LocalFile":
    about = await contact.line(await contact.find(text, outgoing=False))
    return contact.replying(message, about)


async def deliver(
    contact: "Contact", receipt: "Receipt", wait: float | None, *, as_json: bool
) -> None:
    """Wait for a relay, or for the contact, and say how far what was said has come.

    Raises `StateError` if the contact has not confirmed it in time.
    """
    from graphchat.client import FileReceipt

    if isinstance(receipt, FileReceipt):
        await transfers.uploaded(receipt, as_json=as_json)
    await _sent(contact, receipt, wait)
    _show_sent(contact, receipt, as_json=as_json)
    if wait is not None and receipt.state != "delivered":
        raise StateError(
            f"Not confirmed within {output.lasting(wait)}; the message is {receipt.state},"
            " and goes on by itself: graphchat receive"
        )
    if receipt.state == "queued":
        output.say(_why_queued(contact))


async def _sent(contact: "Contact", receipt: "Receipt", wait: float | None) -> None:
    if contact.needs_code:
        return
    seconds = PATIENCE if wait is None else wait
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    if not await home.in_time(receipt.sent(), min(QUIET, seconds)) and seconds > QUIET:
        output.say(_still_trying(contact, seconds))
    goal = receipt.sent() if wait is None else receipt.delivered()
    await home.in_time(goal, end - loop.time())


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
            f"{contact.name} needs a new code, since a backup was restored: graphchat rekey"
            f" {shlex.quote(contact.name)}. The message leaves then."
        )
    if contact.state == "established":
        return "No relay has taken the message yet. It leaves with the next command that connects."
    return f"{contact.name} has not answered yet. The message leaves once you are contacts."
