"""A relay, the demo bot, and somebody who talks with it: what the demonstration is made of."""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.control import Control
from rich.segment import ControlType

from graphchat.cli.output import say, write
from graphchat.client import Client, Contact, MessageReceived, OwnProfile, Profile
from graphchat.content import Message
from graphchat.errors import ContentError, StateError
from graphchat_bots.cli.show import as_text, show
from graphchat_bots.cli.stdin import lines
from graphchat_bots.examples.demo import bot
from graphchat_bots.home import Place
from graphchat_bots.life import Life, run_until_signal
from graphchat_bots.local_relay import local_relay
from graphchat_bots.log import configure

# Seconds; everything is on this machine.
PATIENCE: Final = 30.0
# Seconds without a further message after which an answer is complete.
PAUSE: Final = 0.5


async def run(folder: Path, text: str | None, *, chat: bool) -> None:
    """Run the demonstration in ``folder``: say ``text``, or chat, or only serve."""
    configure()
    async with local_relay(folder / "relay") as relay:
        place = Place(folder, (relay,))
        if text is None and not chat:
            await run_until_signal(bot.plan(), bot.limits, place, None)
            return
        async with Life.begin(bot.plan(), bot.limits, place, None) as life:
            invitation = await life.invitation()
            if text is None:
                sys.stderr.write(f"{invitation.terminal}\n")
            say(f"The link of the bot: {invitation.text}")
            async with _guest(folder, relay, invitation.text) as (you, contact):
                await (_chat(you, contact) if text is None else _ask(you, contact, text))


@asynccontextmanager
async def _guest(folder: Path, relay: str, link: str) -> AsyncIterator[tuple[OwnProfile, Contact]]:
    """Connect with the bot, as anybody would who has its link."""
    async with Client(folder / "you.db", relays=[relay]) as client:
        you = await client.create_profile(Profile("You"))
        contact = await you.connect(link)
        async with asyncio.timeout(PATIENCE):
            await contact.established()
        yield you, contact


async def _ask(you: OwnProfile, contact: Contact, text: str) -> None:
    await contact.send(text)
    async with aclosing(_heard(you)) as heard:
        patience = PATIENCE
        with suppress(TimeoutError):
            while True:
                message = await asyncio.wait_for(anext(heard), patience)
                write(as_text(message))
                patience = PAUSE
        if patience == PATIENCE:
            raise StateError("The bot has not answered.")


async def _chat(you: OwnProfile, contact: Contact) -> None:
    console = Console(highlight=False)
    say("Say something, or /help. Ctrl-D ends.")
    talking = asyncio.create_task(_talk(contact, console))
    listening = asyncio.create_task(_listen(you, contact, console))
    with _interrupts(talking.cancel):
        await asyncio.wait([talking, listening], return_when=asyncio.FIRST_COMPLETED)
    for task in (talking, listening):
        task.cancel()
    for outcome in await asyncio.gather(talking, listening, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome


async def _talk(contact: Contact, console: Console) -> None:
    _prompt(console)
    async for line in lines():
        if line.strip():
            try:
                await contact.send(line)
            except ContentError as error:
                say(str(error))
        _prompt(console)


async def _listen(you: OwnProfile, contact: Contact, console: Console) -> None:
    async for message in _heard(you):
        if console.is_terminal:
            console.control(Control.move_to_column(0), Control((ControlType.ERASE_IN_LINE, 2)))
        show(console, contact.name, message)
        _prompt(console)


async def _heard(you: OwnProfile) -> AsyncGenerator[Message, None]:
    async for event in you.events():
        if isinstance(event, MessageReceived):
            yield event.message


def _prompt(console: Console) -> None:
    if console.is_terminal:
        console.print("you: ", end="", style="bold")


@contextmanager
def _interrupts(leave: Callable[[], object]) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM leave as Ctrl-D does."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    with suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt
        for number in numbers:
            loop.add_signal_handler(number, leave)
    try:
        yield
    finally:
        with suppress(NotImplementedError):
            for number in numbers:
                loop.remove_signal_handler(number)
