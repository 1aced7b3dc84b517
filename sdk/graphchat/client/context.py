"""What all parts of one running client share."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from graphchat.client import rows
from graphchat.client.address_state import OpenAddress
from graphchat.client.health import Health
from graphchat.client.introducing import Introductions
from graphchat.client.live import Live, MessageState, Progress
from graphchat.client.names import Names
from graphchat.client.offrecord.desk import Desk
from graphchat.client.passing import Passing
from graphchat.client.policy import Policy
from graphchat.client.pulse import Pulse
from graphchat.client.stored import EventRecord, Work
from graphchat.client.unit import Unit
from graphchat.clock import Clock
from graphchat.content import Message, ProfileCard
from graphchat.core.doubt import Schedule
from graphchat.core.frame import Frame
from graphchat.core.lane import LaneState
from graphchat.store import Database
from graphchat.transport.ports import Transport
from graphchat.wire.uri import RelayAddress

if TYPE_CHECKING:
    from graphchat.client.apply import Applier
    from graphchat.client.devices.driver import Devices
    from graphchat.client.files.uploads import Uploads
    from graphchat.client.groups.registry import Groups

MAX_FILE_BYTES: Final = 2**30

ControlHandler = Callable[["Applier", Live, Frame, Any], Awaitable[None]]
"""Takes one message for programs within the unit in which it arrived.

Raises `RemoteProtocolError`, before anything changes, for what breaks a rule.
"""


@dataclass(frozen=True, slots=True)
class LaneRoute:
    """A queue of ours belongs to a lane."""

    connection: int
    lane: int


@dataclass(frozen=True, slots=True)
class AddressRoute:
    """A queue of ours belongs to an address."""

    address: int
    lane: int


@dataclass(frozen=True, slots=True)
class Job:
    """Stored work, as it is handed to the worker."""

    id: int
    connection: int | None
    work: Work
    tried: bool = False
    """It was begun before, and may have been done then."""


def _nobody(*_: object) -> Any:
    raise RuntimeError("the engine is not running")


@dataclass(slots=True)
class Context:
    """The open database and network, and what is loaded of them."""

    database: Database
    transport: Transport
    clock: Clock
    schedule: Schedule = field(default_factory=Schedule)
    """When lanes are replaced."""
    health: Health = field(init=False)
    lives: dict[int, Live] = field(default_factory=dict[int, Live])
    addresses: dict[int, OpenAddress] = field(default_factory=dict[int, OpenAddress])
    routes: dict[bytes, LaneRoute | AddressRoute] = field(
        default_factory=dict[bytes, LaneRoute | AddressRoute]
    )
    names: defaultdict[int, Names] = field(default_factory=lambda: defaultdict(Names))
    """Names of contacts that are taken, by profile."""
    tags: "count[int]" = field(default_factory=lambda: count(1))
    work_ids: "count[int]" = field(default_factory=lambda: count(1))
    connection_ids: "count[int]" = field(default_factory=lambda: count(1))
    address_ids: "count[int]" = field(default_factory=lambda: count(1))
    pulses: defaultdict[int, Pulse] = field(default_factory=lambda: defaultdict(Pulse))
    """Beats when a connection changes, by its id."""
    policy: Policy = field(default_factory=Policy)
    """By how many lanes frames leave."""
    relays: list[RelayAddress] = field(default_factory=list[RelayAddress])
    """Where this home receives."""
    cards: dict[int, ProfileCard] = field(default_factory=dict[int, ProfileCard])
    """What contacts see of each profile."""
    indicators: set[int] = field(default_factory=set[int])
    """Profiles that tell, and are told, what was read and that somebody types."""
    expiring: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there is a new message that is going to disappear."""
    cids: set[bytes] = field(default_factory=set[bytes])
    """Connections that exist: the same request comes by every lane."""
    progresses: WeakValueDictionary[tuple[int, bytes], Progress] = field(
        default_factory=WeakValueDictionary[tuple[int, bytes], Progress]
    )
    """Messages that somebody watches, by connection and message id; gone when nobody does."""
    progressing: WeakValueDictionary[tuple[int, int], Progress] = field(
        default_factory=WeakValueDictionary[tuple[int, int], Progress]
    )
    """The same by connection and number of the frame."""
    hire: Callable[[Job], None] = _nobody
    """Has a job done at a relay."""
    hand_over: Callable[[Live, int], None] = _nobody
    """Gives the sealed envelopes of a lane to its socket."""
    controls: "Mapping[type[Message], ControlHandler]" = field(
        default_factory=dict["type[Message]", "ControlHandler"]
    )
    """Who takes a message for programs, by its type; others are told to the application."""
    desk: Desk = field(default_factory=Desk)
    """Chats off the record."""
    introductions: Introductions = field(default_factory=Introductions)
    subscribe: Callable[[int, Sequence[LaneState]], None] = _nobody
    """Receives from new queues of a profile."""
    looks: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    """What looks at the clock now and then."""
    find: "Callable[[int], Awaitable[Live | None]]" = _nobody
    """Returns a connection, loaded; None if there is no such one any more."""
    passing: Passing = field(default_factory=Passing)
    """Events that are not stored."""
    groups: "Groups" = field(init=False)
    """Set by the engine, before anything happens."""
    uploads: "Uploads" = field(init=False)
    """The same."""
    fetching: set[tuple[int, int, bytes]] = field(default_factory=set[tuple[int, int, bytes]])
    """Files that are fetched now: one part is written by one."""
    max_file: int = MAX_FILE_BYTES
    """Bytes of the largest file that is sent or fetched."""
    devices: "Devices" = field(init=False)
    """Set by the engine, as `groups`."""
    news: defaultdict[int, Pulse] = field(default_factory=lambda: defaultdict(Pulse))
    """Beats when there are events for a profile, by its id."""

    def __post_init__(self) -> None:
        self.health = Health(self.clock)

    def tell(self, unit: Unit, profile: int, event: EventRecord) -> None:
        """Store an event for the application, and wake whoever waits for one."""
        unit.write(rows.event(profile, event, self.clock.now()))
        unit.after(self.news[profile].beat)

    def remember_cid(self, unit: Unit, cid: bytes) -> bool:
        """Note a connection; return False if it was known."""
        if cid in self.cids:
            return False
        self.cids.add(cid)
        unit.on_failure(partial(self.cids.discard, cid))
        return True

    def take_name(self, unit: Unit, live: Live, wanted: str) -> None:
        """Name a contact as it wants to be named, or nearly so."""
        self.forget_name(unit, live)
        names = self.names[live.profile]
        unit.on_failure(partial(setattr, live, "name", live.name))
        live.name = names.free(wanted)
        names.add(live.name)
        unit.on_failure(partial(names.discard, live.name))

    def forget_name(self, unit: Unit, live: Live) -> None:
        """Let another contact have the name of this one, if it has one."""
        if live.name:
            names = self.names[live.profile]
            names.discard(live.name)
            unit.on_failure(partial(names.add, live.name))

    def forget_route(self, unit: Unit, queue: bytes) -> None:
        """Open nothing more that comes by a queue of ours."""
        if (route := self.routes.pop(queue, None)) is not None:
            unit.on_failure(partial(self.routes.__setitem__, queue, route))

    def drop_address(self, address: int) -> None:
        """Open no more requests at an address."""
        if (opened := self.addresses.pop(address, None)) is not None:
            for lane in opened.state.lanes:
                self.routes.pop(lane.recipient_id, None)

    def end(self) -> None:
        """Let nobody wait for what cannot come any more."""
        for pulse in [*self.pulses.values(), *self.news.values()]:
            pulse.end()
        for progress in list(self.progresses.values()):
            progress.pulse.end()
        self.pulses.default_factory = self.news.default_factory = Pulse.ended

    def end_progresses(self, connection: int) -> None:
        """Let nobody wait for messages of a contact that is removed."""
        for (owner, _), progress in list(self.progresses.items()):
            if owner == connection:
                progress.pulse.end("This contact was removed.")

    def unload(self, connection: int) -> None:
        self.lives.pop(connection, None)

    def progress(self, connection: int, message_id: bytes, state: MessageState) -> None:
        """Tell whoever watches a message."""
        if (progress := self.progresses.get((connection, message_id))) is not None:
            progress.advance(state)

    def watch(self, connection: int, progress: Progress) -> Progress:
        """Follow a message of ours; return what all who watch it share."""
        known = self.progresses.setdefault((connection, progress.message_id), progress)
        # Of a file that is on its way there was no frame when it was first watched.
        known.seq = known.seq or progress.seq
        self.progressing[connection, known.seq] = known
        return known

    def progress_frame(self, connection: int, seq: int) -> None:
        """Tell whoever watches the message in frame ``seq`` that a relay has it."""
        if (progress := self.progressing.get((connection, seq))) is not None:
            progress.advance("sent")

    def progress_frames(self, connection: int, first: int, last: int) -> None:
        """Tell whoever watches what the frames ``first`` to ``last`` say that they arrived."""
        for seq in range(first, last + 1):
            if (progress := self.progressing.get((connection, seq))) is not None:
                progress.advance("delivered")

    async def head_of(self, live: Live, seq: int) -> bytes | None:
        """Return the hash of our stream at ``seq``; None once a receipt covered it."""
        if (frame := live.recent.get(seq)) is not None:
            return frame.head
        found = await self.database.read(partial(rows.frames, live.id, [seq]))
        return found[0][1][:32] if found else None
