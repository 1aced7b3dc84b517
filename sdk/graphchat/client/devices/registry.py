"""All devices of a client: who is whose, and by which connections a contact is talked to."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from graphchat import content
from graphchat.client import rows as client_rows
from graphchat.client.apply import Applier
from graphchat.client.devices import rows
from graphchat.client.devices.records import DeviceRecord, What
from graphchat.client.devices.state import Branch, Index, OwnDevice, OwnState, theirs
from graphchat.client.live import HIDDEN, LINKED, OWN, Live
from graphchat.content import Message
from graphchat.core.devices.theirs import TheirDevices
from graphchat.core.frame import MESSAGE_ID_SIZE, Kind
from graphchat.core.handshake import Phase
from graphchat.core.lane import Lane
from graphchat.errors import NotFoundError, RemoteProtocolError
from graphchat.ids import MessageId

if TYPE_CHECKING:
    from graphchat.client.engine import Engine

V = TypeVar("V")
MAY: Final[frozenset[OwnState]] = frozenset({"here", "asking", "linked", "known"})
"""States of devices that are not removed."""


class Registry:
    """Finds devices and branches, and changes them within a unit."""

    def __init__(self, engine: "Engine") -> None:
        self.engine: Final = engine
        self.context: Final = engine.context
        self.index = Index()
        self.pump: Callable[[int], None] = lambda _: None
        """Goes on sending old lines to a device, by its row."""

    async def start(self) -> None:
        self.index = await self.context.database.read(rows.index)

    # Whose connection it is

    def contact_of(self, connection: int) -> int:
        """Return the contact that people see when something comes by a connection."""
        return self.index.contacts.get(connection, connection)

    async def speaker(self, live: Live) -> Live:
        """Return the contact whose device is at the other end. Raises `NotFoundError`."""
        contact = self.index.contacts.get(live.id)
        return live if contact is None else await self.engine.live(contact)

    def branches(self, contact: int) -> list[Branch]:
        return [self.index.branches[each] for each in self.index.families.get(contact, ())]

    def theirs(self, contact: int) -> TheirDevices:
        return theirs(self.branches(contact))

    def branch(self, connection: int) -> Branch | None:
        """Return what is known of the device at the other end of a connection."""
        for each in self.branches(self.contact_of(connection)):
            if each.connection == connection and each.state != "removed":
                return each
        return None

    async def targets(self, live: Live) -> list[Live]:
        """Return the connections by which something is said to ``live`` now."""
        found = [live] if live.connection.lanes or not self.is_container(live) else []
        for each in self.branches(live.id):
            if each.state == "open" and each.connection not in {None, live.id}:
                assert each.connection is not None
                with suppress(NotFoundError):
                    found.append(await self.engine.live(each.connection))
        return found

    @staticmethod
    def is_container(live: Live) -> bool:
        """Tell whether a contact has no connection of its own: it is talked to by branches."""
        return not live.connection.lanes and live.connection.phase is Phase.ESTABLISHED

    def lanes(self, live: Live) -> list[Lane]:
        """Return the lanes by which a contact is talked to, of all its devices that are loaded."""
        found = list(live.connection.lanes.values())
        for each in self.branches(live.id):
            branch = self.context.lives.get(each.connection or 0)
            if each.state == "open" and branch is not None and branch.id != live.id:
                found += branch.connection.lanes.values()
        return found

    # Own devices

    def of(self, profile: int) -> list[OwnDevice]:
        """Return the devices of a profile, this one first; none if it was never linked."""
        return [each for each in self.index.own.values() if each.profile == profile]

    def here(self, profile: int) -> OwnDevice | None:
        """Return this device, if there are or were others."""
        found = (each for each in self.of(profile) if each.state in {"here", "ended"})
        return next(found, None)

    def linked(self, profile: int) -> list[OwnDevice]:
        """Return the other devices to which there is a connection."""
        return [each for each in self.of(profile) if each.state == "linked"]

    def at(self, connection: int) -> OwnDevice | None:
        """Return the device of ours at the other end of a connection."""
        for each in self.index.own.values():
            if each.connection == connection:
                return each
        return None

    def sender(self, live: Live) -> OwnDevice:
        """Return the device that says something. Raises `RemoteProtocolError` if it may not."""
        found = self.at(live.id)
        if live.kind != OWN or found is None or found.state != "linked":
            raise RemoteProtocolError("somebody speaks as a device of ours")
        return found

    def is_synced(self, connection: int) -> bool:
        """Tell whether all lines of before came from, or went to, the device of a connection."""
        device = self.at(connection)
        return device is not None and device.cursor is None and device.done >= device.total >= 0

    # Changes within a unit

    def put(self, turn: Applier, device: OwnDevice) -> None:
        """Store a device of ours."""
        _set(turn, self.index.own, device.id, device)
        turn.unit.write(rows.own(device, self.context.clock.now()))

    def add_own(  # noqa: PLR0913, PLR0917 - what a device is
        self,
        turn: Applier,
        profile: int,
        device: bytes,
        name: str,
        state: OwnState,
        connection: int | None = None,
    ) -> OwnDevice:
        found = OwnDevice(next(self.index.own_ids), profile, device, name, state, connection)
        self.put(turn, found)
        return found

    def put_branch(self, turn: Applier, branch: Branch) -> None:
        """Store a branch."""
        _set(turn, self.index.branches, branch.id, branch)
        family = self.index.families.get(branch.contact, ())
        if branch.id not in family:
            _set(turn, self.index.families, branch.contact, (*family, branch.id))
        if branch.connection is not None and branch.connection != branch.contact:
            _set(turn, self.index.contacts, branch.connection, branch.contact)
        turn.unit.write(rows.branch(branch))

    def new_branch(self, contact: int, **known: str | bytes | int | None) -> Branch:
        """Return a branch that is to be stored."""
        return replace(Branch(next(self.index.branch_ids), contact, "wanted"), **known)  # type: ignore[arg-type]

    def drop_branch(self, turn: Applier, branch: Branch) -> None:
        """Forget a branch; its connection is removed by whoever calls this."""
        family = self.index.families.get(branch.contact, ())
        left = tuple(each for each in family if each != branch.id)
        _set(turn, self.index.families, branch.contact, left)
        _unset(turn, self.index.branches, branch.id)
        if branch.connection is not None:
            # Known until it is committed: more of this batch may have come by it.
            turn.unit.after(partial(self.forget_branch, branch.connection))
        turn.unit.write(rows.drop_branch(branch.id))

    def forget_branch(self, connection: int) -> None:
        """Know a connection no more that is removed."""
        self.index.contacts.pop(connection, None)

    async def say(self, turn: Applier, live: Live, message: Message) -> None:
        """Say something by one connection alone, whoever else is a device of its owner."""
        message_id = MessageId(self.context.clock.random(MESSAGE_ID_SIZE))
        stored = live.connection.say(Kind.CONTROL, message_id, content.encode(message))
        await turn.apply(live, [stored])

    async def tell_own(
        self, turn: Applier, profile: int, message: Message, *, but: int | None = None
    ) -> None:
        """Say something to the other devices of a profile, but to that of one connection."""
        for device in self.linked(profile):
            if device.connection not in {None, but}:
                assert device.connection is not None
                with suppress(NotFoundError):
                    live = await self.engine.live(device.connection)
                    await self.say(turn, live, message)

    def tell(self, turn: Applier, device: OwnDevice, what: What) -> None:
        """Tell the application what became of a device."""
        event = DeviceRecord(0, device.id, what)
        turn.unit.write(client_rows.lone_event(device.profile, event, self.context.clock.now()))
        turn.unit.after(self.context.news[device.profile].beat)

    async def contacts(self, profile: int) -> Sequence[Live]:
        """Return all contacts of a profile that can be talked to."""
        read = partial(rows.contacts, profile, tuple(HIDDEN))
        found = await self.context.database.read(read)
        return [await self.engine.live(row_id) for row_id in found]

    async def by_root(self, profile: int, root: bytes) -> Live | None:
        """Return the contact that all devices know by this id."""
        for live in self.context.lives.values():
            if live.profile == profile and live.connection.cid == root:
                return live if live.kind not in HIDDEN else None
        found = await self.context.database.read(partial(rows.by_cid, profile, root))
        if found is None:
            return None
        live = await self.engine.live(found)
        return live if live.kind not in HIDDEN else None


def is_linked(live: Live) -> bool:
    """Tell whether a connection leads to a further device of a contact."""
    return live.kind == LINKED


def _set(turn: Applier, table: dict[int, V], name: int, value: V) -> None:
    if name in table:
        turn.unit.on_failure(partial(table.__setitem__, name, table[name]))
    else:
        turn.unit.on_failure(partial(_forget, table, name))
    table[name] = value


def _forget(table: dict[int, V], name: int) -> None:
    table.pop(name, None)


def _unset(turn: Applier, table: dict[int, V], name: int) -> None:
    if name in table:
        turn.unit.on_failure(partial(table.__setitem__, name, table.pop(name)))
