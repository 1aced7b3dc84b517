"""A host and a member die at boundaries, and what was posted comes once to everybody."""

import asyncio
from hashlib import sha256
from random import Random

import pytest
from tests.sdk.client.crashing import Fuse, die, fuse_up
from tests.sdk.client.groups.crowd import enter, history, homes
from tests.sdk.client.people import PATIENCE, Home, Place

from graphchat import Client, GroupMessageReceived, Text
from graphchat.ids import MessageId

COUNT = 4


async def live(home: Home, fuse: Fuse, everybody: dict[str, dict[int, str]]) -> None:
    """Post what was not posted yet, and hear, until all is there or the fuse blows."""
    client = await Client(home.path).__aenter__()
    fuse_up(client, fuse)
    me = await client.profile()
    told = everybody[me.name]

    async def act() -> None:
        group = await me.group("Hikers")
        for number in range(COUNT):
            text = f"{me.name} {number}"
            await group.post(text, id=MessageId(sha256(text.encode()).digest()[:16]))
        async for event in me.events():
            if isinstance(event, GroupMessageReceived) and isinstance(event.message, Text):
                assert told.setdefault(event.id, event.message.text) == event.message.text

    life = asyncio.create_task(act())
    blown = asyncio.create_task(fuse.blown.wait())
    try:
        # Until the other side has heard all as well: what is ours may still be on its way.
        while not fuse.blown.is_set() and min(map(len, everybody.values())) < COUNT:
            await asyncio.wait([life, blown], timeout=0.05, return_when=asyncio.FIRST_COMPLETED)
            if life.done():
                await life
    finally:
        life.cancel()
        blown.cancel()
        await asyncio.gather(life, blown, return_exceptions=True)
        await die(client)


@pytest.mark.parametrize("who", ["Alice", "Bob"])
async def test_who_dies_again_and_again_loses_and_repeats_nothing(place: Place, who: str) -> None:
    alice, bob = await homes(place, "Alice", "Bob")
    await enter(bob.me, await alice.me.create_group("Hikers"))
    people = {"Alice": alice, "Bob": bob}
    for home in people.values():
        await home.close()
    random, told = Random(who), {"Alice": dict[int, str](), "Bob": dict[int, str]()}

    async def whole(name: str) -> None:
        fuses = [Fuse(random.randrange(1, 20)) for _ in range(6)] if name == who else []
        for fuse in [*fuses, Fuse()]:
            await live(people[name], fuse, told)

    async with asyncio.timeout(PATIENCE * 2):
        await asyncio.gather(*map(whole, people))
    for name, other in (("Alice", "Bob"), ("Bob", "Alice")):
        assert [*told[name].values()] == [f"{other} {number}" for number in range(COUNT)]
        await people[name].reopen()
        found = await history(await people[name].me.group("Hikers"))
        assert sorted(found) == sorted(
            f"{each}: {each} {number}" for each in people for number in range(COUNT)
        )
