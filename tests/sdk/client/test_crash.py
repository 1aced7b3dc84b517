"""A client dies at each boundary of a whole life, and its files say enough to go on."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, final

import pytest
from tests.sdk.client.crashing import Fuse, die, fuse_up
from tests.sdk.client.people import PATIENCE, text_of, until

from graphchat import (
    Alarm,
    Client,
    Contact,
    ContactFailed,
    ContactRequested,
    MessageReceived,
    OwnProfile,
    Profile,
    Text,
)
from graphchat.errors import NotFoundError, StateError
from graphchat.ids import MessageId
from graphchat.testing.relays import relay

COUNT = 3


@final
@dataclass
class World:
    """What is outside of both clients, and no crash takes back."""

    folder: Path
    relays: list[str]
    invitation: asyncio.Future[str] = field(default_factory=asyncio.Future[str])
    address: asyncio.Future[str] = field(default_factory=asyncio.Future[str])
    done: set[str] = field(default_factory=set[str])


@final
@dataclass
class Person:
    """A program that lives on a client, and begins again from what the client knows."""

    name: str
    world: World
    live: Callable[["Person", OwnProfile], Coroutine[Any, Any, None]]
    heard: dict[int, str] = field(default_factory=dict[int, str])
    """Texts by event id: the record of an application, written before it acknowledges."""
    bad: list[object] = field(default_factory=list[object])

    async def run(self, fuse: Fuse) -> bool:
        """Live until everything is done, or the fuse blows; tell whether it did not."""
        path = self.world.folder / f"{self.name}.db"
        client = await Client(path, relays=self.world.relays).__aenter__()
        fuse_up(client, fuse)
        life = asyncio.create_task(self._life(client))
        blown = asyncio.create_task(fuse.blown.wait())
        try:
            await asyncio.wait([life, blown], return_when=asyncio.FIRST_COMPLETED)
            if life.done():
                await life
            return not fuse.blown.is_set()
        finally:
            life.cancel()
            blown.cancel()
            await asyncio.gather(life, blown, return_exceptions=True)
            await die(client)

    async def _life(self, client: Client) -> None:
        try:
            me = await client.profile()
        except NotFoundError:
            me = await client.create_profile(Profile(self.name))
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(self._listen(me))
            await self.live(self, me)
            await until(lambda: len(self.heard) >= COUNT + (self.name == "Alice"))
            self.world.done.add(self.name)
            await until(lambda: len(self.world.done) == 2)
            listening.cancel()

    async def _listen(self, me: OwnProfile) -> None:
        async for event in me.events():
            match event:
                case MessageReceived():
                    text = text_of(event)
                    assert self.heard.setdefault(event.id, text) == text
                case ContactRequested():
                    with suppress(StateError):
                        await event.accept()
                case Alarm() | ContactFailed():
                    self.bad.append(event)
                case _:
                    pass

    async def speak(self, contact: Contact, count: int = COUNT) -> None:
        """Say everything; what was said in an earlier life is not said again."""
        receipts = []
        for number in range(count):
            text = f"{self.name} {contact.trust} {number}"
            name = MessageId(sha256(text.encode()).digest()[:16])
            receipts.append(await contact.post(text, id=name))
        for receipt in receipts:
            await receipt.delivered()


async def contact_with(me: OwnProfile, trust: int) -> Contact:
    """Return the only contact with this trust, once there is one."""
    while True:
        found = [contact for contact in await me.contacts() if contact.trust == trust]
        if found:
            [contact] = found
            return contact
        await asyncio.sleep(0.005)


async def alice_lives(person: Person, me: OwnProfile) -> None:
    world = person.world
    if not world.invitation.done():
        world.invitation.set_result((await me.invite()).link)
    contact = await contact_with(me, 2)
    await contact.established()
    await person.speak(contact)
    link = (await me.address()).link
    if not world.address.done():
        world.address.set_result(link)
    await (await contact_with(me, 0)).established()


async def bob_lives(person: Person, me: OwnProfile) -> None:
    world = person.world
    if not [each for each in await me.contacts() if each.trust == 2]:
        await me.connect(await asyncio.shield(world.invitation))
    contact = await contact_with(me, 2)
    await person.speak(contact)
    await contact.established()
    if not [each for each in await me.contacts() if each.trust == 0]:
        await me.connect(await asyncio.shield(world.address), text="hello")
    contact = await contact_with(me, 0)
    await person.speak(contact, 1)
    await contact.established()


async def proves_everything(person: Person) -> None:
    """However often somebody died, all that both said is there to be proved, each once."""
    path = person.world.folder / f"{person.name}.db"
    async with Client(path, relays=person.world.relays) as client:
        contact = await contact_with(await client.profile(), 2)
        findings = (await contact.export_proof()).verify().findings
        assert findings is not None
        shown = [each.message.text for each in findings.shown if isinstance(each.message, Text)]
        both = [f"{name} 2 {number}" for name in ("Alice", "Bob") for number in range(COUNT)]
        assert sorted(shown) == both
        ours = "inviter" if person.name == "Alice" else "invited"
        assert all(each.received_ms for each in findings.shown if each.author == ours)


async def lives(folder: Path, relays: list[str], *fuses: Fuse, crashes: str) -> list[bool]:
    """Let both live; whoever ``crashes`` lives again after each of ``fuses`` has blown."""
    world = World(folder, relays)
    people = [Person("Alice", world, alice_lives), Person("Bob", world, bob_lives)]

    async def again(person: Person) -> list[bool]:
        mine = [*fuses] if person.name == crashes else []
        done: list[bool] = []
        for fuse in mine:
            done.append(await person.run(fuse))
            # The other side, and the relays, have time to go on without it.
            await asyncio.sleep(0.05)
        if not any(done):
            assert await person.run(Fuse())
        return done

    async with asyncio.timeout(PATIENCE):
        results = await asyncio.gather(*(again(person) for person in people))
    alice, bob = people
    said = [f"Bob 2 {number}" for number in range(COUNT)]
    assert alice.bad == bob.bad == []
    for person in people:
        assert [*person.heard] == sorted(person.heard)
    heard = [*alice.heard.values()]
    assert [text for text in heard if text in said] == said
    assert sorted(heard) == sorted([*said, "Bob 0 0"])
    for person in people:
        await proves_everything(person)
    assert [*bob.heard.values()] == [f"Alice 2 {number}" for number in range(COUNT)]
    return results[0] if crashes == "Alice" else results[1]


@pytest.fixture
async def relays() -> AsyncIterator[list[str]]:
    async with relay("memory:") as one, relay("memory:") as two:
        yield [one.uri, two.uri]


who = pytest.mark.parametrize("name", ["Alice", "Bob"])
how_many = pytest.mark.parametrize("count", [1, 2])


@who
@how_many
async def test_who_dies_at_some_boundary_goes_on(
    tmp_path: Path, relays: list[str], quick_receipts: None, name: str, count: int
) -> None:
    fuse = Fuse()
    await lives(tmp_path / "whole", relays[:count], fuse, crashes=name)
    assert fuse.passed > 50
    died = 0
    for at in Random(f"{name} {count}").sample(range(1, fuse.passed), 3):
        [whole] = await lives(tmp_path / f"{at}", relays[:count], Fuse(at), crashes=name)
        died += not whole
    # A life that shares more commits passes fewer boundaries, and may end before the fuse.
    assert died >= 2


@who
async def test_who_dies_again_and_again_goes_on(
    tmp_path: Path, relays: list[str], quick_receipts: None, name: str
) -> None:
    random = Random(name)
    fuses = [Fuse(random.randrange(1, 12)) for _ in range(8)]
    await lives(tmp_path / "life", relays, *fuses, crashes=name)


@pytest.mark.slow
@pytest.mark.timeout(600)
@who
@how_many
async def test_who_dies_at_any_boundary_goes_on(
    tmp_path: Path, relays: list[str], quick_receipts: None, name: str, count: int
) -> None:
    at, done = 0, [False]
    while done == [False]:
        at += 1
        done = await lives(tmp_path / f"{at}", relays[:count], Fuse(at), crashes=name)
    assert at > 50


@pytest.mark.slow
@pytest.mark.timeout(600)
@who
async def test_who_dies_twice_goes_on(
    tmp_path: Path, relays: list[str], quick_receipts: None, name: str
) -> None:
    random = Random(name)
    for number in range(50):
        fuses = [Fuse(random.randrange(1, 60)), Fuse(random.randrange(1, 20))]
        await lives(tmp_path / f"{number}", relays, *fuses, crashes=name)
