"""Asking for what is missing in a group, and answering who asks."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from graphchat import content
from graphchat.client.apply import Applier
from graphchat.client.groups import rows
from graphchat.client.groups.live import LiveGroup, Peer
from graphchat.client.groups.registry import Groups
from graphchat.content.group import (
    MAX_RANGE,
    MAX_RANGES,
    MAX_WANTED,
    GroupEntries,
    GroupPosts,
    GroupWant,
    Range,
)
from graphchat.core.groups.actions import Role

# Bytes in one message, and messages in one answer: whoever wants more asks again.
MOST: Final = 600_000
ANSWERS: Final = 8


async def entries(groups: Groups, turn: Applier, group: LiveGroup, origin: int) -> None:
    """Ask whoever named them for the entries of the log that are missing."""
    if origin in group.peers and group.log.missing:
        wanted = GroupWant(group.gid, tuple(group.log.missing[:MAX_WANTED]))
        await groups.say(turn, await groups.engine.live(origin), content.encode(wanted))


async def named(
    groups: Groups, turn: Applier, group: LiveGroup, origin: int, heads: Sequence[bytes]
) -> None:
    """Ask for entries that a post names."""
    unknown = tuple(each for each in heads if each not in group.log.nodes)
    if unknown and origin in group.peers:
        wanted = GroupWant(group.gid, unknown)
        await groups.say(turn, await groups.engine.live(origin), content.encode(wanted))


async def posts(groups: Groups, turn: Applier, group: LiveGroup, authors: Sequence[bytes]) -> None:
    """Ask everybody who may have them for posts that are missing."""
    ranges = [
        Range(author, gap[0], min(gap[1], gap[0] + MAX_RANGE - 1))
        for author in authors
        if (gap := group.chains.gap(author)) is not None
    ]
    if not ranges:
        return
    payload = content.encode(GroupWant(group.gid, posts=tuple(ranges[:MAX_RANGES])))
    for peer in group.open("host", "mesh", "member"):
        if peer.kind != "member" or peer.key in (group.state.forwarders, *authors):
            await groups.say(turn, await groups.engine.live(peer.connection), payload)


async def answer(
    groups: Groups, turn: Applier, group: LiveGroup, peer: Peer, wanted: GroupWant
) -> None:
    """Give a peer what it asks for, as far as it may have it."""
    database = groups.context.database
    live = await groups.engine.live(peer.connection)
    if wanted.entries:
        read = partial(rows.entries_named, group.id, list(wanted.entries))
        for page in pages(await database.read(read), ANSWERS):
            await groups.say(turn, live, content.encode(GroupEntries(group.gid, page)))
    is_host = group.state.role(peer.key) >= Role.ADMIN
    for asked in wanted.posts:
        floor = 0 if is_host else peer.floor
        read = partial(rows.posts_in, group.id, asked, floor)
        for page in pages(await database.read(read), ANSWERS):
            await groups.say(turn, live, content.encode(GroupPosts(group.gid, page)))


def pages(found: Sequence[bytes], most: int) -> Iterator[tuple[bytes, ...]]:
    """Yield what fits into one message each, at most ``most`` times."""
    page: list[bytes] = []
    size = 0
    for data in found:
        if page and (size + len(data) > MOST or len(page) >= MAX_WANTED):
            yield tuple(page)
            most -= 1
            if not most:
                return
            page, size = [], 0
        page.append(data)
        size += len(data)
    if page:
        yield tuple(page)
