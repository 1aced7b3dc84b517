"""Hearing what comes in: once, or until Ctrl-C."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli import errors, home, output
from graphchat.cli.options import Ids, Json, Save, seconds, size
from graphchat.errors import GraphchatError

if TYPE_CHECKING:
    from graphchat.client import Client, Event, OwnProfile

# Bytes of a file that is fetched without being asked for, if there is a folder for it.
FETCH: Final = 2**20
# Seconds that `receive` listens if nothing else is said.
LISTEN: Final = 10.0
# Seconds between looks at the relays, and until a silent one is told: many come back at once.
LOOK: Final = 0.5
GRACE: Final = 5.0


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command(epilog="Example: graphchat receive --follow --json")(receive)


def receive(
    ctx: typer.Context,
    *,
    timeout: Annotated[
        float | None,
        typer.Option(
            parser=seconds,
            metavar="SECONDS",
            help="How long to listen.",
            show_default=f"{LISTEN:g}",
        ),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Listen until Ctrl-C.")] = False,
    ids: Ids = False,
    save: Save = None,
    fetch: Annotated[
        int,
        typer.Option(
            parser=size,
            metavar="SIZE",
            help="With --save, get files up to this size by itself; larger ones by: file get.",
            show_default="1M",
        ),
    ] = FETCH,
    as_json: Json = False,
) -> None:
    """Print what came in and what comes in now: messages, receipts, requests, alarms.

    What was printed is not printed again. One command at a time can use a home: end this one
    before you type the next.
    """
    if follow and timeout is not None:
        raise errors.WrongUsageError("--follow listens until Ctrl-C. Leave out --timeout.")
    patience = LISTEN if timeout is None else timeout

    async def work(client: "Client", profile: "OwnProfile") -> None:
        show = Printer(save, fetch, ids=ids, as_json=as_json)
        watching = asyncio.create_task(_watch(client)) if follow else None
        try:
            seconds = None if follow else patience
            await listen(profile, seconds, show, join=not as_json, prepare=show.prepare)
        finally:
            if watching is not None:
                watching.cancel()
        # Silence must not look like "nothing new".
        if patience and client.engine.links.entries and not client.online:
            output.say("None of your relays has answered; what they have comes next time.")

    try:
        home.run_as(ctx, work)
    except KeyboardInterrupt:
        if not follow:
            raise
        errors.leave_line()  # that is how following ends


async def _watch(client: "Client") -> None:
    """Say when a relay of ours is lost for more than a moment, and when it is back."""
    loop, lost, told = asyncio.get_running_loop(), dict[str, float](), set[str]()
    while True:
        for relay in client.relays:
            name, up = relay.base, client.health(relay).up
            if up is False and loop.time() - lost.setdefault(name, loop.time()) >= GRACE:
                if name not in told:
                    output.say(f"{name} does not answer any more; it is tried again and again.")
                told.add(name)
            elif up:
                lost.pop(name, None)
                if name in told:
                    output.say(f"{name} answers again.")
                told.discard(name)
        await asyncio.sleep(LOOK)


async def listen(
    profile: "OwnProfile",
    seconds: float | None,
    show: Callable[["Event"], None],
    *,
    join: bool = False,
    prepare: "Callable[[Event], Awaitable[None]] | None" = None,
) -> None:
    """Show every event that is there or comes within ``seconds`` (None: for ever), once.

    With ``join``, receipts that are there together are shown as one. ``prepare`` gets each event
    before it is shown. An event is acknowledged
    once it was shown, also if listening is cancelled just then.
    """
    last = 0

    async def drain() -> None:
        nonlocal last
        from graphchat.cli import events
        from graphchat.store.finish import to_the_end

        while found := await profile.pending_events(last):
            alone = ((event, [event.id]) for event in found)
            for event, ids in events.joined(found) if join else alone:
                if prepare is not None:
                    await prepare(event)
                show(event)
                last = ids[-1]
                await to_the_end(profile.acknowledge(ids))

    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                await profile.wait_events(last)
                await drain()
    await drain()  # what came in the last moment


class Printer:
    """Prints events, with what they carry written to a folder, if there is one."""

    def __init__(self, folder: Path | None, most: int, *, ids: bool, as_json: bool) -> None:
        from graphchat.cli.terminal import Terminal

        self._folder: Final = folder
        self._most: Final = most
        self._ids: Final = ids
        self._as_json: Final = as_json
        self._look: Final = Terminal.here()
        self._file: Path | None = None

    async def prepare(self, event: "Event") -> None:
        """Write what an event carries; fetch a file that is small enough."""
        from graphchat.cli import events
        from graphchat.client import MessageReceived
        from graphchat.content import File

        self._file = None
        if self._folder is None:
            return
        self._file = events.save(event, self._folder)
        if not isinstance(event, MessageReceived) or not isinstance(event.message, File):
            return
        if event.message.size <= self._most:
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                self._file = await event.contact.fetch(event.message_id, self._folder)
            except GraphchatError as error:
                output.say(output.plain(f"{event.message.name}: {error}"))

    def __call__(self, event: "Event") -> None:
        from graphchat.cli import events

        if self._as_json:
            output.write_json(events.record(event, self._file))
            return
        name = getattr(event, "message_id", None) if self._ids else None
        head = f"{name.hex()[:8]} " if name else ""
        output.write(head + events.line(event, self._file, self._look))
