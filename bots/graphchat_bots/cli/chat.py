"""A chat with a bot in a terminal, or with what a pipe says."""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from rich.console import Console

from graphchat.cli.output import say
from graphchat.client import Contact, MessageReceived, OwnProfile
from graphchat.content import Message
from graphchat.errors import ContentError, StateError
from graphchat_bots.cli.prompt import Prompt, prompt
from graphchat_bots.cli.show import show

# Seconds without a further message after which an answer is complete.
PAUSE: Final = 0.5
# Seconds that a pipe waits for an answer that has not come.
SILENCE: Final = 10.0


async def chat(you: OwnProfile, contact: Contact) -> None:
    """Say what is typed, and show what is heard, until the end of input, Ctrl-C or SIGTERM.

    Raises `StateError` if what came by a pipe was not answered.
    """
    # Who reads a pipe wants lines as they are.
    console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
    if sys.stdin.isatty():
        say("Say something, or /help. Ctrl-D ends.")
    with prompt(console) as line:
        exchange = _Exchange(you, contact, console, line)
        talking = asyncio.create_task(exchange.talk())
        listening = asyncio.create_task(exchange.listen())
        with _interrupts(talking.cancel):
            await asyncio.wait([talking, listening], return_when=asyncio.FIRST_COMPLETED)
        for task in (talking, listening):
            task.cancel()
        outcomes = await asyncio.gather(talking, listening, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome


async def heard(you: OwnProfile) -> AsyncGenerator[Message, None]:
    """Yield what is said to us."""
    async for event in you.events():
        if isinstance(event, MessageReceived):
            yield event.message


class _Exchange:
    """Both directions, and how much has gone each way."""

    def __init__(self, you: OwnProfile, contact: Contact, console: Console, line: Prompt) -> None:
        self._you = you
        self._contact = contact
        self._console = console
        self._line = line
        self._said = 0
        self._heard = 0
        self._news = asyncio.Event()

    async def talk(self) -> None:
        async for line in self._line.lines():
            if line.strip():
                await self._say(line)
        if self._said and not sys.stdin.isatty():
            await self._hear_out()

    async def listen(self) -> None:
        async for message in heard(self._you):
            with self._line.aside():
                show(self._console, self._contact.name, message)
            self._heard += 1
            self._news.set()

    async def _say(self, line: str) -> None:
        try:
            await self._contact.send(line)
        except ContentError as error:
            with self._line.aside():
                say(str(error))
        else:
            self._said += 1

    async def _hear_out(self) -> None:
        """Wait for the answers to all that was said: a pipe ends before they are here."""
        with suppress(TimeoutError):
            while True:
                self._news.clear()
                patience = PAUSE if self._heard >= self._said else SILENCE
                await asyncio.wait_for(self._news.wait(), patience)
        if not self._heard:
            raise StateError("The bot has not answered.")


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
