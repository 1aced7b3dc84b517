"""All groups of a client: found by row, by connection and by id; loaded when they are needed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar
from weakref import WeakValueDictionary

from graphchat.client import accept
from graphchat.client.apply import Applier
from graphchat.client.groups import load, records, renewing, rows
from graphchat.client.groups.live import LiveGroup, Peer
from graphchat.client.groups.progress import PostProgress
from graphchat.client.live import GROUP, Live
from graphchat.client.rows import lone_event
from graphchat.codes import Code
from graphchat.content import ProfileCard
from graphchat.core.frame import MESSAGE_ID_SIZE, Kind
from graphchat.errors import NotFoundError, RemoteProtocolError
from graphchat.ids import MessageId

if TYPE_CHECKING:
    from graphchat.client.engine import Engine


T = TypeVar("T")

FORGED: Final = (
    "{name} passed on something that its author did not sign. It was not used. Whoever does that"
    " is not to be trusted to forward for the group."
)


@dataclass(frozen=True, slots=True)
class Heard:
    """Where a message for a group came from."""

    group: LiveGroup
    peer: Peer


class Groups:
    """Loads groups, and keeps what is shared by all that is done for them."""

    def __init__(self, engine: "Engine") -> None:
        self.engine: Final = engine
        self.context: Final = engine.context
        self.index = load.Index()
        self.loaded: dict[int, LiveGroup] = {}
        self.progresses: WeakValueDictionary[tuple[int, bytes], PostProgress] = (
            WeakValueDictionary()
        )
        """Posts of ours that somebody watches, by group and message id."""
        self.pump: Callable[[int], None] = lambda _: None
        """Sends what peers of a group do not have yet."""
        self.answer: Callable[[int, bytes, Code], None] = lambda *_: None
        """Connects directly to a member who has sent an invitation."""
        self.wake: Callable[[], None] = lambda: None
        """Has the keeper look soon."""

    async def start(self) -> None:
        self.index = await self.context.database.read(load.index)
        for row_id in self.index.restored:
            self.engine.soon(partial(renewing.begin, self, row_id))

    def find(self, profile: int, gid: bytes) -> int | None:
        """Return the row of a group of a profile, if it is known."""
        for row_id, known in self.index.groups.items():
            if known == (profile, gid):
                return row_id
        return None

    async def get(self, row_id: int) -> LiveGroup:
        """Return a group, loaded. Raises `NotFoundError`."""
        if (group := self.loaded.get(row_id)) is None:
            now = self.context.clock.monotonic()
            found = await self.context.database.read(partial(load.group, row_id, now))
            if found is None:
                raise NotFoundError("There is no such group any more.")
            group = self.loaded.setdefault(row_id, found)
        return group

    async def heard(self, live: Live, gid: bytes) -> Heard:
        """Return whose connection ``live`` is. Raises `RemoteProtocolError`."""
        row_id = self.index.connections.get(live.id)
        if row_id is None:
            raise RemoteProtocolError("a message of a group came by no connection of it")
        group = await self.get(row_id)
        peer = group.peers.get(live.id)
        if peer is None or group.gid != gid:
            raise RemoteProtocolError("a message of a group came by no connection of it")
        return Heard(group, peer)

    def unload(self, row_id: int) -> None:
        """Know a group no more: its rows are gone."""
        self.loaded.pop(row_id, None)
        self.index.groups.pop(row_id, None)

    async def card(self, row_id: int) -> ProfileCard:
        """Return what we say of ourselves to who asks for a group: no more than in its log."""
        return ProfileCard((await self.get(row_id)).record.name, "person")

    # Changes within a unit

    async def met(self, turn: Applier, live: Live, row_id: int) -> None:
        """Know a connection that came by the address of a group."""
        self.add_peer(turn, await self.get(row_id), Peer(live.id, "member"))

    def touch(self, turn: Applier, group: LiveGroup) -> None:
        """Load the group anew if what changes now cannot be stored."""
        turn.unit.on_failure(partial(_forget, self.loaded, group.id))

    def save(self, turn: Applier, group: LiveGroup) -> None:
        """Write our own side of a group."""
        self.touch(turn, group)
        turn.unit.write(rows.group(group))

    def add(self, turn: Applier, group: LiveGroup) -> None:
        """Store a new group."""
        self.loaded[group.id] = group
        self.index.groups[group.id] = (group.profile, group.gid)
        turn.unit.on_failure(partial(_forget, self.index.groups, group.id))
        self.touch(turn, group)
        turn.unit.write(rows.new_group(group, self.context.clock.now()))
        turn.unit.after(self.wake)

    def add_peer(self, turn: Applier, group: LiveGroup, peer: Peer) -> None:
        self.touch(turn, group)
        group.peers[peer.connection] = peer
        self.index.connections[peer.connection] = group.id
        turn.unit.on_failure(partial(_forget, self.index.connections, peer.connection))
        turn.unit.write(rows.peer(group.id, peer))

    def save_peer(self, turn: Applier, group: LiveGroup, peer: Peer) -> None:
        self.touch(turn, group)
        turn.unit.write(rows.peer(group.id, peer))

    async def drop_peer(self, turn: Applier, group: LiveGroup, peer: Peer) -> None:
        """End a connection of a group, and delete its queues."""
        self.touch(turn, group)
        group.peers.pop(peer.connection, None)
        turn.unit.write(rows.drop_peer(peer.connection))
        turn.unit.after(partial(_forget, self.index.connections, peer.connection))
        try:
            accept.remove(turn, await self.engine.live(peer.connection))
        except NotFoundError:
            return

    async def failed(self, turn: Applier, live: Live) -> None:
        """Give up a connection whose code does not work."""
        group = await self.get(self.index.connections[live.id])
        peer = group.peers[live.id]
        last = not any(other is not peer for other in group.peers.values())
        if group.status == "asked" and last:
            group.status = "refused"
            self.save(turn, group)
            name = group.record.name
            event = records.GroupChangedRecord(group.id, "refused", "", name, "gone")
            self.tell(turn, group, event)
        await self.drop_peer(turn, group, peer)

    def close_peer(self, turn: Applier, group: LiveGroup, peer: Peer) -> None:
        """Say nothing more to a peer, and end the connection once it has what was said."""
        if peer.state != "closing":
            peer.state, peer.since = "closing", self.context.clock.monotonic()
            self.save_peer(turn, group, peer)
            turn.unit.after(self.wake)

    def tell(self, turn: Applier, group: LiveGroup, event: records.OfGroup) -> None:
        self.context.tell(turn.unit, group.profile, event)

    def alarm(self, turn: Applier, group: LiveGroup, warning: str) -> None:
        """Tell of a danger, once until the application has seen it."""
        event = records.GroupAlarmRecord(group.id, warning)
        turn.unit.write(lone_event(group.profile, event, self.context.clock.now()))
        turn.unit.after(self.context.news[group.profile].beat)

    def forged(self, turn: Applier, group: LiveGroup, connection: int) -> None:
        """Tell that a peer passed on what nobody signed."""
        peer = group.peers.get(connection)
        name = group.name_of(peer.key) if peer is not None and peer.key else "?"
        self.alarm(turn, group, FORGED.format(name=name))

    def stir(self, turn: Applier, group: LiveGroup) -> None:
        """Send what peers do not have yet, once all of it is stored."""
        turn.unit.after(partial(self.pump, group.id))

    async def say(self, turn: Applier, live: Live, payload: bytes) -> int:
        """Say something encoded to the program of a peer; return the number of its frame."""
        message_id = MessageId(self.context.clock.random(MESSAGE_ID_SIZE))
        stored = live.connection.say(Kind.CONTROL, message_id, payload)
        await turn.apply(live, [stored])
        return stored.written.seq


def _forget(table: dict[int, T], name: int) -> None:
    table.pop(name, None)


def is_group(live: Live) -> bool:
    """Tell whether a connection serves a group."""
    return live.kind == GROUP
