"""Saying something, hearing what was said, and looking it up again."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli import home, output
from graphchat.cli.options import Json, seconds
from graphchat.errors import ContentError, StateError

if TYPE_CHECKING:
    from graphchat.client import Client, Contact, Event, Line, OwnProfile, Receipt
    from graphchat.content import Message

# Seconds that `receive` listens if nothing else is said.
LISTEN: Final = 10.0
# Seconds that `send` gives relays to take a message before it is left in the queue.
PATIENCE: Final = 10.0
MOST_LINES: Final = 1000
PAGE: Final = 50

Who = Annotated[
    str, typer.Argument(metavar="CONTACT", help="A name or id of: graphchat contacts.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.command(epilog='Example: graphchat send Bob "See you at eight" --wait 30')(send)
    app.command(epilog="Example: graphchat receive --follow --json")(receive)
    app.command(epilog='Example: graphchat history Bob --search "eight" --limit 10')(history)


def send(
    ctx: typer.Context,
    *,
    name: Who,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="What to say; with --file the caption.")
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
    message = _message(text, file)

    async def work(client: "Client", profile: "OwnProfile") -> None:
        contact = await profile.contact(name)
        receipt = await _sent(contact, message, wait)
        _show_sent(contact, receipt, as_json=as_json)
        if wait is not None and receipt.state != "delivered":
            raise StateError(
                f"Not confirmed within {wait:g} seconds; the message is {receipt.state}, and goes"
                " on by itself: graphchat receive"
            )
        if receipt.state == "queued":
            output.say(_why_queued(contact))

    home.run_as(ctx, work)


def receive(
    ctx: typer.Context,
    timeout: Annotated[
        float,
        typer.Option(parser=seconds, metavar="SECONDS", help="How long to listen."),
    ] = LISTEN,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Listen until Ctrl-C.")] = False,
    save: Annotated[
        Path | None,
        typer.Option(file_okay=False, metavar="DIR", help="Save pictures that come in there."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print what came in and what comes in now: messages, receipts, requests, alarms.

    What was printed is not printed again.
    """

    def show(event: "Event") -> None:
        from graphchat.cli import events

        file = events.save(event, save) if save else None
        if as_json:
            output.write_json(events.record(event, file))
        else:
            output.write(events.line(event, file))

    async def work(client: "Client", profile: "OwnProfile") -> None:
        await listen(profile, None if follow else timeout, show)
        # Silence must not look like "nothing new".
        if timeout and client.engine.links.entries and not client.online:
            output.say("None of your relays has answered; what they have comes next time.")

    home.run_as(ctx, work)


def history(
    ctx: typer.Context,
    name: Who,
    search: Annotated[
        str, typer.Option(metavar="TEXT", help="Only messages that contain this.")
    ] = "",
    limit: Annotated[
        int, typer.Option(min=1, max=MOST_LINES, help="How many, counted from the newest.")
    ] = 50,
    as_json: Json = False,
) -> None:
    """Show what was said with a contact, oldest first."""

    async def work(client: "Client", profile: "OwnProfile") -> Sequence[str]:
        contact = await profile.contact(name)

        def render(line: "Line") -> str:
            return _rendered(profile.name, contact.name, line, as_json=as_json)

        return await _pages(contact, search, limit, render)

    for line in home.run_as(ctx, work):
        output.write(line)


async def listen(
    profile: "OwnProfile", seconds: float | None, show: Callable[["Event"], None]
) -> None:
    """Show every event that is there or comes within ``seconds`` (None: for ever), once.

    An event is acknowledged once it was shown, also if listening is cancelled just then.
    """
    last = 0

    async def drain() -> None:
        nonlocal last
        from graphchat.store.finish import to_the_end

        while events := await profile.pending_events(last):
            for event in events:
                show(event)
                last = event.id
                await to_the_end(profile.acknowledge([last]))

    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                await profile.wait_events(last)
                await drain()
    await drain()  # what came in the last moment


def _message(text: str, file: Path | None) -> "Message":
    from graphchat.content import Text
    from graphchat.content.pictures import MAX_FILE, make_image

    if file is not None:
        with file.open("rb") as opened:
            return make_image(opened.read(MAX_FILE + 1), text)
    if not text:
        raise ContentError("There is nothing to send. Give a text, or --file with a picture.")
    return Text(text)


async def _sent(contact: "Contact", message: "Message", wait: float | None) -> "Receipt":
    if wait is None:
        return await contact.send(message, timeout=PATIENCE)
    receipt = await contact.post(message)
    await home.in_time(receipt.delivered(), wait)
    return receipt


def _show_sent(contact: "Contact", receipt: "Receipt", *, as_json: bool) -> None:
    if as_json:
        head = {"event": receipt.state, "contact": contact.name, "contact_id": contact.id}
        output.write_json({**head, "id": receipt.id.hex()})
    else:
        output.write(receipt.state)


def _why_queued(contact: "Contact") -> str:
    if contact.state == "established":
        return "No relay has taken the message yet. It leaves with the next command that connects."
    return f"{contact.name} has not answered yet. The message leaves once you are contacts."


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


def _rendered(me: str, other: str, line: "Line", *, as_json: bool) -> str:
    from graphchat.cli import events

    if as_json:
        return output.as_json(events.line_record(other, line))
    who = output.plain(me if line.outgoing else other)
    state = f" [{line.state}]" if line.outgoing else ""
    return events.spoken(who, line.message, line.sent_at) + state
