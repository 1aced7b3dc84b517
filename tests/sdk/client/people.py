"""Clients over real relays in this process, and what tests ask of them."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, final

from graphchat import Client, Contact, Event, MessageReceived, OwnProfile, Profile, Text
from graphchat.clock import Clock, SystemClock
from graphchat.testing.relays import TestRelay, relay

E = TypeVar("E")
# Seconds after which a test has failed. Nothing here takes longer than two on an idle machine.
PATIENCE = 30.0


@final
@dataclass
class Home:
    """One database file, and the client that has it open."""

    path: Path
    relays: list[str]
    client: Client
    me: OwnProfile
    stack: AsyncExitStack = field(repr=False)

    async def close(self) -> None:
        await self.stack.aclose()

    async def reopen(self, profile: str | None = None, clock: Clock | None = None) -> None:
        """Open the same file again; closes it first if it is open."""
        await self.close()
        self.client = await self.stack.enter_async_context(Client(self.path, clock=clock))
        self.me = await self.client.profile(profile)


@final
@dataclass
class Place:
    """Where relays and homes are opened, by name."""

    folder: Path
    stack: AsyncExitStack
    relays: dict[str, TestRelay] = field(default_factory=dict[str, TestRelay])

    async def relay(self, name: str) -> TestRelay:
        if name not in self.relays:
            self.relays[name] = await self.stack.enter_async_context(
                relay(folder=self._folder_of(name))
            )
        return self.relays[name]

    def _folder_of(self, name: str) -> Path:
        folder = self.folder / f"relay {name}"
        folder.mkdir()
        return folder

    async def home(self, name: str, relays: list[TestRelay]) -> Home:
        """Open a new client with one profile."""
        stack = AsyncExitStack()
        self.stack.push_async_callback(stack.aclose)
        path, uris = self.folder / f"{name}.db", [relay.uri for relay in relays]
        client = await stack.enter_async_context(Client(path, relays=uris))
        return Home(path, uris, client, await client.create_profile(Profile(name)), stack)

    async def pair(self, *relays: str) -> tuple[Home, Home]:
        """Open Alice and Bob, both receiving through the named relays."""
        known = [await self.relay(name) for name in relays or ("one",)]
        return await self.home("Alice", known), await self.home("Bob", known)


@dataclass
class WrongClock:
    """The system's clock, and by how many seconds it is wrong."""

    off: float = 0.0

    def now(self) -> float:
        return SystemClock().now() + self.off

    def monotonic(self) -> float:
        return SystemClock().monotonic()

    def random(self, count: int) -> bytes:
        return SystemClock().random(count)


async def introduce(alice: OwnProfile, bob: OwnProfile) -> tuple[Contact, Contact]:
    """Connect two profiles; return Alice's contact, who is Bob, and his."""
    async with asyncio.timeout(PATIENCE):
        invitation = await alice.invite()
        his = await bob.connect(invitation.link)
        hers = await invitation.contact()
        await his.established()
    return hers, his


async def until(condition: Callable[[], bool]) -> None:
    """Return once ``condition`` holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - some conditions are of the file system or a task
            await asyncio.sleep(0.005)


async def take(profile: OwnProfile, kind: type[E], count: int = 1) -> list[E]:
    """Return the next ``count`` events of a kind, and acknowledge everything up to them."""
    found: list[E] = []
    async with asyncio.timeout(PATIENCE):
        async for event in profile.events():
            if isinstance(event, kind):
                found.append(event)
                if len(found) == count:
                    await profile.acknowledge([event.id])
                    return found
    raise AssertionError("events end")


async def one(profile: OwnProfile, kind: type[E]) -> E:
    return (await take(profile, kind))[0]


def text_of(event: Event) -> str:
    assert isinstance(event, MessageReceived)
    assert isinstance(event.message, Text)
    return event.message.text


async def texts(profile: OwnProfile, count: int) -> list[str]:
    """Return the texts of the next ``count`` messages."""
    return [text_of(event) for event in await take(profile, MessageReceived, count)]


async def until_there(contact: Contact, count: int) -> None:
    """Return once the history has so many lines."""
    async with asyncio.timeout(PATIENCE):
        while len(await contact.history()) < count:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.005)


async def nothing_more(profile: OwnProfile, seconds: float = 0.3) -> None:
    """Fail if another message comes."""
    await asyncio.sleep(seconds)
    left = await profile.pending_events()
    assert not [event for event in left if isinstance(event, MessageReceived)]
