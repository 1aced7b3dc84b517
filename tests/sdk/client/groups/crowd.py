"""People in groups, over real relays, and what tests ask of them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tests.sdk.client.people import PATIENCE, Home, Place, take, until

from graphchat import Group, GroupMessageReceived, OwnProfile, Text

E = TypeVar("E")


async def homes(place: Place, *names: str) -> list[Home]:
    """Open a home for each name, all receiving through one relay."""
    one = await place.relay("one")
    return [await place.home(name, [one]) for name in names]


async def enter(me: OwnProfile, group: Group) -> Group:
    """Go in by the link."""
    mine = await me.join_group(group.link())
    async with asyncio.timeout(PATIENCE):
        await mine.entered()
    return mine


async def hears(me: OwnProfile, count: int = 1) -> list[str]:
    """Return who said what in the next posts that come."""
    found = []
    for event in await take(me, GroupMessageReceived, count):
        assert isinstance(event.message, Text)
        found.append(f"{event.author}: {event.message.text}")
    return found


async def hears_and(me: OwnProfile, kind: type[E]) -> tuple[str, E]:
    """Return the next post, and the next event of another kind, in whatever order they come."""
    post, other = "", list[E]()
    async with asyncio.timeout(PATIENCE):
        async for event in me.events():
            if isinstance(event, GroupMessageReceived) and isinstance(event.message, Text):
                post = f"{event.author}: {event.message.text}"
            elif isinstance(event, kind):
                other.append(event)
            if post and other:
                await me.acknowledge([event.id])
                return post, other[0]
    raise AssertionError("events end")


async def knows(group: Group, *names: str) -> None:
    """Return once these are the members, in the eyes of ``group``."""
    await until(lambda: [member.name for member in group.members()] == sorted(names))


async def history(group: Group) -> list[str]:
    found = []
    for line in await group.history():
        said = line.message.text if isinstance(line.message, Text) else "-"
        found.append(f"{line.author}: {said}")
    return found


async def settles(look: Callable[[], Awaitable[object]], result: object) -> None:
    """Return once what ``look`` finds is as it shall be."""
    async with asyncio.timeout(PATIENCE):
        while await look() != result:  # noqa: ASYNC110 - of the database
            await asyncio.sleep(0.02)


async def nothing_of_groups(me: OwnProfile, seconds: float = 0.3) -> None:
    """Fail if another post is told."""
    await asyncio.sleep(seconds)
    left = await me.pending_events()
    assert not [event for event in left if isinstance(event, GroupMessageReceived)]
