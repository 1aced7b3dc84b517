"""What a host of many costs: joins, and posts to all of them.

Everybody is a profile of one other client, so one core does the work of all members; what the host
itself does for a post is measured apart.
"""

import asyncio
import resource
import time

from tests.bench.client import clients

from graphchat import Client, Group, OwnProfile, Profile
from graphchat.store import Cursor

# Members who come at the same time.
TOGETHER = 20


async def run(quick: bool) -> dict[str, object]:  # noqa: FBT001 - the runner calls it so
    """Return figures of a broadcast: joins and deliveries a second, KiB a member."""
    return {"one host": await hosted(20 if quick else 1_000, 3 if quick else 10)}


async def hosted(members: int, posts: int) -> dict[str, object]:
    async with clients(1, "Host", "Guest") as (_, [host, guest]):
        me = await host.profile()
        news = await me.create_broadcast("News")
        link, before = news.link(), memory()
        start = time.perf_counter()
        joined: list[tuple[OwnProfile, Group]] = []
        for first in range(0, members, TOGETHER):
            some = range(first, min(first + TOGETHER, members))
            joined += await asyncio.gather(*(enter(guest, link, number) for number in some))
        joins = members / (time.perf_counter() - start)
        used = (memory() - before) / members
        start, cpu = time.perf_counter(), time.process_time()
        for number in range(posts):
            await news.post(f"This is post {number}, and as long as people write on average.")
        await heard(guest, members * posts)
        seconds, busy = time.perf_counter() - start, time.process_time() - cpu
        return {
            "members": members,
            "joins/s": round(joins, 1),
            "host and member (KiB a member)": round(used, 1),
            "posts delivered/s": round(members * posts / seconds),
            "processor, both sides (ms a delivery)": round(1000 * busy / (members * posts), 2),
        }


async def enter(guest: Client, link: str, number: int) -> tuple[OwnProfile, Group]:
    profile = await guest.create_profile(Profile(f"Guest {number}"))
    group = await profile.join_group(link)
    await group.entered()
    return profile, group


async def heard(guest: Client, posts: int) -> None:
    """Return once all members together have so many posts."""
    read = guest.engine.context.database.read
    while await read(_received) < posts:  # noqa: ASYNC110 - of the database
        await asyncio.sleep(0.2)


def _received(cursor: Cursor) -> int:
    found = cursor.execute("SELECT count(*) FROM client_group_post WHERE state = 'received'")
    return sum(row[0] for row in found)


def memory() -> float:
    """Return KiB of this process, at most so far."""
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
