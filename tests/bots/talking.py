"""Somebody who talks with a bot in another process."""

import asyncio
import subprocess
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

from graphchat.client import Client, Contact, MessageReceived, Profile
from graphchat.content import Text


class Talker:
    """A client in this process, connected with the bot of a process that prints its link."""

    def __init__(self, process: subprocess.Popen[str], link: str) -> None:
        self.link = link
        self.heard: list[str] = []
        self._process = process
        self._stack = AsyncExitStack()
        self._news = asyncio.Event()
        self.contact: Contact

    @classmethod
    async def begin(cls, process: subprocess.Popen[str], folder: Path, relay: str) -> Self:
        assert process.stdout is not None
        link = (await asyncio.to_thread(process.stdout.readline)).strip()
        talker = cls(process, link)
        client = Client(folder / "talker.db", relays=[relay])
        await talker._connect(await talker._stack.enter_async_context(client))
        return talker

    async def _connect(self, client: Client) -> None:
        profile = await client.create_profile(Profile("Ann"))
        self.contact = await profile.connect(self.link)
        async with asyncio.timeout(60):
            await self.contact.established()

        async def listen() -> None:
            async for event in profile.events():
                if isinstance(event, MessageReceived) and isinstance(event.message, Text):
                    self.heard.append(event.message.text)
                    self._news.set()

        self._listening = asyncio.create_task(listen())

    async def asks(self, text: str) -> str:
        """Say something, and return the next thing that is heard."""
        count = len(self.heard)
        await self.contact.send(text)
        await self.hears(count + 1)
        return self.heard[count]

    async def hears(self, count: int) -> list[str]:
        """Return what was heard, once it is ``count`` messages."""
        async with asyncio.timeout(60):
            while len(self.heard) < count:
                self._news.clear()
                await self._news.wait()
        return self.heard

    async def communicate(self) -> tuple[str, str]:
        """Wait for the end of the process; return what it has printed."""
        return await asyncio.to_thread(self._process.communicate)

    async def end(self) -> None:
        self._listening.cancel()
        await asyncio.wait([self._listening])
        await self._stack.aclose()
