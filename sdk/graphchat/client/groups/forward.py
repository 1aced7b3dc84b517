"""What leaves for the peers of a group: entries and posts, in pages, each once.

Rule: how far a peer was told is stored in the unit in which it is said. What is said to many is
encoded once. docs/protocol.md, section 23.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from graphchat import content
from graphchat.client.apply import Applier
from graphchat.client.groups import rows
from graphchat.client.groups.live import LiveGroup, Peer
from graphchat.client.groups.progress import Carrier
from graphchat.client.groups.registry import Groups
from graphchat.client.live import Live
from graphchat.content.group import GroupEntries, GroupPosts
from graphchat.errors import NotFoundError

# Peers that are served in one unit: others want to go on too.
SLICE: Final = 64
# Frames without a receipt by one connection, at most; what follows waits as rows, not as frames.
WINDOW: Final = 16
PAGE: Final = 128
PAGE_BYTES: Final = 400_000

EntryRow = tuple[int, bytes, int, bytes]
PostRow = tuple[int, bytes, int, bytes, bytes]


class Page:
    """What was read and encoded for one peer, and serves the next as well."""

    def __init__(self, groups: Groups, group: LiveGroup) -> None:
        self._read: Final = groups.context.database.read
        self._group: Final = group
        self._entries: dict[int, Sequence[EntryRow]] = {}
        self._posts: dict[int, Sequence[PostRow]] = {}
        self._encoded: dict[tuple[bool, tuple[int, ...]], bytes] = {}

    async def entries(self, after: int) -> Sequence[EntryRow]:
        if after not in self._entries:
            read = partial(rows.entries_after, self._group.id, after, PAGE)
            self._entries[after] = await self._read(read)
        return self._entries[after]

    async def posts(self, after: int) -> Sequence[PostRow]:
        if after not in self._posts:
            found: list[PostRow] = []
            size = 0
            for row in await self._read(partial(rows.posts_after, self._group.id, after, PAGE)):
                size += len(row[4])
                if found and size > PAGE_BYTES:
                    break
                found.append(row)
            self._posts[after] = found
        return self._posts[after]

    def entries_payload(self, chosen: Sequence[EntryRow]) -> bytes:
        name = (False, tuple(row[0] for row in chosen))
        if name not in self._encoded:
            message = GroupEntries(self._group.gid, tuple(row[3] for row in chosen))
            self._encoded[name] = content.encode(message)
        return self._encoded[name]

    def posts_payload(self, chosen: Sequence[PostRow], *, old: bool) -> bytes:
        name = (True, (int(old), *(row[0] for row in chosen)))
        if name not in self._encoded:
            message = GroupPosts(self._group.gid, tuple(row[4] for row in chosen), old)
            self._encoded[name] = content.encode(message)
        return self._encoded[name]


class Pump:
    """Serves the peers that lag, a slice in each unit."""

    def __init__(self, groups: Groups) -> None:
        self._groups: Final = groups
        self._busy: set[int] = set()
        self._again: set[int] = set()
        groups.pump = self.soon

    def soon(self, group_id: int) -> None:
        if group_id in self._busy:
            self._again.add(group_id)
            return
        self._busy.add(group_id)
        self._groups.engine.soon(partial(self._slice, group_id, set()))

    async def _slice(self, group_id: int, served: set[int], turn: Applier) -> None:
        turn.unit.on_failure(partial(self._busy.discard, group_id))
        turn.unit.after(partial(self._next, group_id, served))
        try:
            group = await self._groups.get(group_id)
        except NotFoundError:
            return
        page, count = Page(self._groups, group), 0
        for peer in lagging(group):
            if peer.connection in served:
                continue
            if count == SLICE:
                return
            served.add(peer.connection)
            count += await feed(self._groups, turn, group, peer, page)

    def _next(self, group_id: int, served: set[int]) -> None:
        group = self._groups.loaded.get(group_id)
        left = group is not None and any(peer.connection not in served for peer in lagging(group))
        again = group_id in self._again
        if left or again:
            self._again.discard(group_id)
            fresh = set[int]() if again else served
            self._groups.engine.soon(partial(self._slice, group_id, fresh))
        else:
            self._busy.discard(group_id)


def lagging(group: LiveGroup) -> list[Peer]:
    """Return the peers that do not have everything yet."""
    return [
        peer
        for peer in group.peers.values()
        if peer.state == "open"
        and (peer.entry_cursor < group.newest_entry or peer.post_cursor < group.newest_post)
    ]


async def feed(groups: Groups, turn: Applier, group: LiveGroup, peer: Peer, page: Page) -> bool:
    """Say to one peer what it does not have; return False if it has to wait."""
    try:
        live = await groups.engine.live(peer.connection)
    except NotFoundError:
        return False
    outbox = live.connection.state.outbox
    if outbox.seq - outbox.covered >= WINDOW:
        return False
    before = (peer.entry_cursor, peer.post_cursor)
    feeding = _Feeding(groups, turn, group, peer, live)
    await feeding.entries(page)
    await feeding.posts(page)
    if (peer.entry_cursor, peer.post_cursor) != before:
        groups.save_peer(turn, group, peer)
    return True


@dataclass(frozen=True, slots=True)
class _Feeding:
    """One step for one peer."""

    groups: Groups
    turn: Applier
    group: LiveGroup
    peer: Peer
    live: Live

    async def entries(self, page: Page) -> None:
        peer, found = self.peer, await page.entries(self.peer.entry_cursor)
        everything = self.group.gets_all(peer) or peer.kind == "mesh"
        chosen = [
            row
            for row in found
            if row[2] != peer.connection and (everything or row[1] == self.group.me)
        ]
        if chosen:
            await self.groups.say(self.turn, self.live, page.entries_payload(chosen))
        if found:
            peer.entry_cursor = found[-1][0]

    async def posts(self, page: Page) -> None:
        peer, found = self.peer, await page.posts(self.peer.post_cursor)
        # From before the other side came: said apart, as no news.
        past = [row for row in found if row[0] <= peer.old_until]
        found = past or found
        everything = self.group.gets_all(peer)
        chosen = [
            row
            for row in found
            if row[4]
            and row[2] != peer.connection
            and row[1] != peer.key
            and (everything or row[1] == self.group.me)
        ]
        if chosen:
            payload = page.posts_payload(chosen, old=bool(past))
            seq = await self.groups.say(self.turn, self.live, payload)
            self._carried(chosen, seq)
        if found:
            peer.post_cursor = found[-1][0]

    def _carried(self, chosen: Sequence[PostRow], seq: int) -> None:
        """Note in which frame posts of ours leave, and have who waits for them told."""
        group, carrier = self.group, Carrier(seq)
        for row_id, author, _, message_id, _ in chosen:
            if author != group.me:
                continue
            self.turn.unit.write(rows.carried(group.id, row_id, self.live.id, seq))
            progress = self.groups.progresses.get((group.id, message_id))
            if progress is not None:
                progress.carriers.append(carrier)
                carrier.posts.append(progress)
        if carrier.posts:
            self.groups.context.progressing[self.live.id, seq] = carrier


async def last_entries(groups: Groups, turn: Applier, group: LiveGroup, live: Live) -> None:
    """Say the rest of the log to a peer that gets nothing more."""
    peer = group.peers[live.id]
    if peer.entry_cursor >= group.newest_entry:
        return
    # What this unit adds is not in the database yet, and it is what they have to know.
    news = [node.signed.pack() for node in list(group.log.nodes.values())[-PAGE:]]
    message = GroupEntries(group.gid, tuple(news))
    await groups.say(turn, live, content.encode(message))
