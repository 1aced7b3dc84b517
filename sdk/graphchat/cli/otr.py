"""A chat off the record: nothing of it is signed, and nothing is kept."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli import errors, home, output
from graphchat.cli.options import Json, Who, seconds
from graphchat.errors import StateError

if TYPE_CHECKING:
    from graphchat.client import Client, Contact, OffTheRecord, OwnProfile
    from graphchat.content import Message

# Seconds to wait for the other side, if nothing else is said.
PATIENCE: Final = 120.0


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command(epilog="Example: graphchat otr Bob")(otr)


def otr(
    ctx: typer.Context,
    name: Who,
    *,
    accept: Annotated[
        bool, typer.Option("--accept", help="Ask nothing: wait until they ask, and accept it.")
    ] = False,
    reject: Annotated[
        bool, typer.Option("--reject", help="Wait until they ask, and tell them no.")
    ] = False,
    say: Annotated[
        list[str] | None,
        typer.Option("--say", metavar="TEXT", help="Say this, instead of what is typed."),
    ] = None,
    listen: Annotated[
        float | None,
        typer.Option(
            parser=seconds,
            metavar="SECONDS",
            help="Go on listening so long after the last thing to say.",
            show_default="0",
        ),
    ] = None,
    wait: Annotated[
        float | None,
        typer.Option(
            parser=seconds,
            metavar="SECONDS",
            help="How long to wait for the other side.",
            show_default=f"{PATIENCE:g}",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Talk without a trace: nothing is signed, so nobody can prove it, and nothing is stored.

    Both have to be there: one asks, and the other accepts, or asks too. It has queues and keys of
    its own, which are deleted when it ends: by Ctrl-D on either side, or after 15 minutes without
    a word. A line that you type is said; a pipe is said line by line. What the other side sees,
    it can write down.
    """
    if accept and reject:
        raise errors.WrongUsageError("--accept and --reject together mean nothing. Choose one.")
    patience = PATIENCE if wait is None else wait

    async def work(client: "Client", profile: "OwnProfile") -> None:
        contact = await profile.contact(name)
        who = output.plain(contact.name)
        if reject:
            await _their_ask(contact, patience)
            await contact.reject_off_the_record()
            await contact.flushed()
            output.say(f"{who} is told no.")
            return
        output.say(f"Waiting for {who} ...")
        chat = await _begin(contact, patience, accept=accept)
        output.say(f"Off the record with {who}: nothing is signed or kept. Ctrl-D ends it.")
        async with chat:
            await _talk(chat, _lines(say), listen or 0.0, as_json=as_json)
        output.say(f"It is over. {chat.why}")

    home.run_as(ctx, work)


async def _begin(contact: "Contact", patience: float, *, accept: bool) -> "OffTheRecord":
    if not accept:
        return await contact.off_the_record(patience=patience)
    await _their_ask(contact, patience)
    return await contact.accept_off_the_record()


async def _their_ask(contact: "Contact", patience: float) -> None:
    if not await home.in_time(contact.asked_off_the_record(), patience):
        raise StateError(
            f"{contact.name} has not asked within {output.lasting(patience)}. To ask yourself:"
            " graphchat otr CONTACT"
        )


async def _talk(
    chat: "OffTheRecord", lines: AsyncIterator[str], listen: float, *, as_json: bool
) -> None:
    """Say what there is to say, and print what comes, until either side ends it."""
    hearing = asyncio.create_task(_print(chat, as_json=as_json))
    saying = asyncio.create_task(_say(chat, lines, listen))
    try:
        await asyncio.wait({hearing, saying}, return_when=asyncio.FIRST_COMPLETED)
        if saying.done():
            saying.result()
            await chat.end()
            await hearing
    finally:
        for task in (hearing, saying):
            task.cancel()
        await asyncio.gather(hearing, saying, return_exceptions=True)


async def _say(chat: "OffTheRecord", lines: AsyncIterator[str], listen: float) -> None:
    async for line in lines:
        if line:
            await chat.send(line)
    await asyncio.sleep(listen)


async def _print(chat: "OffTheRecord", *, as_json: bool) -> None:
    from graphchat.cli import said

    async for message in chat.messages():
        if as_json:
            output.write_json({"event": "message", "contact": chat.name, **said.record(message)})
        else:
            output.write(f"{output.plain(chat.name)}: {_shown(message)}")


def _shown(message: "Message") -> str:
    from graphchat.cli import said

    return said.said(message, "not kept")


async def _lines(say: list[str] | None) -> AsyncIterator[str]:
    """Yield what is to be said: the options, or the lines of standard input."""
    if say is not None:
        for text in say:
            yield text
        return
    loop, lines = asyncio.get_running_loop(), asyncio.Queue[str]()

    def read() -> None:
        with suppress(RuntimeError):  # it is over, and nobody listens any more
            while line := sys.stdin.readline():
                loop.call_soon_threadsafe(lines.put_nowait, line)
            loop.call_soon_threadsafe(lines.put_nowait, "")

    # Not one of the loop's own threads: those are waited for, until somebody presses Enter.
    Thread(target=read, daemon=True).start()
    while line := await lines.get():
        yield line.rstrip("\r\n")
