"""A relay, the demo bot, and somebody who talks with it: what the demonstration is made of."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from graphchat.cli import codes
from graphchat.cli.output import say, write
from graphchat.client import Client, Contact, OwnProfile, Profile
from graphchat.errors import StateError
from graphchat_bots.cli.chat import PAUSE, chat as chat_with, heard
from graphchat_bots.cli.show import as_text
from graphchat_bots.examples.demo import bot
from graphchat_bots.fleet import run_until_signal
from graphchat_bots.life import Life
from graphchat_bots.local_relay import local_relay
from graphchat_bots.log import configure
from graphchat_bots.place import Place
from graphchat_bots.setup import Setup

# Seconds; everything is on this machine.
PATIENCE: Final = 30.0


async def run(folder: Path, text: str | None, *, chat: bool) -> None:
    """Run the demonstration in ``folder``: say ``text``, or chat, or only serve."""
    configure()
    async with local_relay(folder / "relay") as relay:
        setup = Setup(bot.plan(), bot.limits, Place(folder, (relay,)))
        if text is None and not chat:
            await run_until_signal((setup, None))
            return
        async with Life.begin(setup, None) as life:
            invitation = await life.invitation()
            if text is None and sys.stdout.isatty():
                say("The link of the bot, and its code:")
                codes.show(invitation.text, None, as_json=False)
            else:
                say(f"The link of the bot: {invitation.text}")
            async with _guest(folder, relay, invitation.text) as (you, contact):
                await (chat_with(you, contact) if text is None else _ask(you, contact, text))


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
    async with aclosing(heard(you)) as messages:
        patience = PATIENCE
        with suppress(TimeoutError):
            while True:
                message = await asyncio.wait_for(anext(messages), patience)
                write(as_text(message))
                patience = PAUSE
        if patience == PATIENCE:
            raise StateError("The bot has not answered.")
