"""The sockets of a client: one for each relay and profile, on connections of that profile alone.

Those to relays where we receive are always open. Others name the relays that we send to, so of
these sockets few are open: who has something to send comes before who has not, and has its turn.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from graphchat.client.context import Context
from graphchat.client.live import Live, Traffic, Waiting
from graphchat.client.places import TURN, Places
from graphchat.client.sockets import Entry, Name, now
from graphchat.crypto.keys import SigningKey
from graphchat.errors import RelayError
from graphchat.ids import QueueId
from graphchat.transport.ports import Delivery
from graphchat.wire.uri import RelayAddress

# Seconds between looks for who waits, and until sockets without use are closed.
LOOK: Final = 5.0
SWEEP: Final = 1.0


class Ears(Protocol):
    """Who hears what happens on the sockets; called in the event loop, must not block."""

    def link_up(self, profile: int, relay: RelayAddress) -> None: ...
    def deliveries(
        self, profile: int, relay: RelayAddress, deliveries: Sequence[Delivery]
    ) -> None: ...
    def answer(self, tag: int, error: RelayError | None) -> None: ...
    def room(self, sender: QueueId) -> None: ...


class Links:
    """Opens sockets when they are needed, and closes those that are not."""

    def __init__(self, context: Context, ears: Ears) -> None:
        self.context: Final = context
        self._ears: Final = ears
        self._entries: dict[Name, Entry] = {}
        self._places: Final = Places(self._is_busy)
        self._dropped: set[asyncio.Task[None]] = set()
        """What still says goodbye for sockets that are forgotten."""
        self._looking: asyncio.TimerHandle | None = None
        self._sweeping: asyncio.TimerHandle | None = None

    @property
    def entries(self) -> list[Entry]:
        """Sockets that are open or connect themselves."""
        return [entry for entry in self._entries.values() if entry.task is not None]

    def of(self, profile: int, relay: RelayAddress) -> Entry:
        """Return the socket of ``profile`` to ``relay``; it is not opened by this."""
        name = (profile, relay.base, relay.fingerprint)
        if (entry := self._entries.get(name)) is None:
            ear = _Ear(self, self._ears, profile, name)
            entry = Entry(self.context.transport.of(profile).link(relay, ear))
            self._entries[name] = entry
        return entry

    def subscribe(self, profile: int, relay: RelayAddress, queue: bytes, key: SigningKey) -> None:
        """Receive from a queue of ours, from now on."""
        name, entry = (profile, relay.base, relay.fingerprint), self.of(profile, relay)
        entry.queues.add(QueueId(queue))
        entry.waits = False
        self._places.leave(name)
        if entry.task is None:
            entry.open()
        entry.link.subscribe(QueueId(queue), key)

    def forget(self, profile: int, relay: RelayAddress, queue: bytes) -> None:
        """Receive no more from a queue; what nobody uses any more is closed soon."""
        entry = self._entries.get((profile, relay.base, relay.fingerprint))
        if entry is not None:
            entry.link.unsubscribe(QueueId(queue))
            entry.queues.discard(QueueId(queue))
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(SWEEP, self._sweep)

    def delete(self, profile: int, relay: RelayAddress, queue: QueueId, message_id: str) -> None:
        """Tell the relay that an envelope is stored here."""
        entry = self._entries.get((profile, relay.base, relay.fingerprint))
        if entry is not None:
            entry.link.delete(queue, message_id)

    def watch(self, live: Live) -> None:
        """Open the sockets that the lanes of ``live`` send by, as far as there is room."""
        for number in live.connection.lanes:
            if (relay := live.lane_relay(number)) is not None:
                entry = self.of(live.profile, relay)
                entry.lives.add(live.id)
                if entry.task is None and not entry.waits:
                    self._want((live.profile, relay.base, relay.fingerprint), entry)

    def is_up(self, live: Live, number: int) -> bool:
        relay = live.lane_relay(number)
        if relay is None:
            return False
        entry = self._entries.get((live.profile, relay.base, relay.fingerprint))
        return entry is not None and entry.up

    def send(self, live: Live, number: int, traffic: Traffic, waiting: Waiting) -> None:
        """Hand an envelope to the socket; `Ears.answer` follows."""
        lane, relay = live.connection.lanes[number].state, live.lane_relay(number)
        assert relay is not None
        assert lane.peer is not None
        traffic.handed.add(waiting.tag)
        entry = self.of(live.profile, relay)
        entry.used = now()
        entry.link.send(
            QueueId(lane.peer.sender_id),
            None if lane.unsigned else SigningKey(lane.sender_key),
            waiting.envelope,
            waiting.tag,
            waiting.request_id,
        )

    async def close(self) -> None:
        for timer in (self._looking, self._sweeping):
            if timer is not None:
                timer.cancel()
        entries = list(self._entries.items())
        self._entries.clear()
        for name, entry in entries:
            self._shut(name, entry)
        tasks = [entry.ending for _, entry in entries if entry.ending is not None]
        await asyncio.gather(*tasks, *self._dropped, return_exceptions=True)

    def heard(self, name: Name, *, up: bool) -> None:
        """Note whether a socket is connected."""
        if (entry := self._entries.get(name)) is not None:
            entry.heard(up=up)

    # Which sockets are open

    def _want(self, name: Name, entry: Entry) -> None:
        """Open a socket, now or when it gets a place."""
        if not self._places.has_room(name) and not (
            self._is_busy(name, entry) and self._make_room(name)
        ):
            entry.waits = self._is_busy(name, entry)
            self._look_later()
            return
        self._places.take(name, entry)
        entry.open()

    def _make_room(self, name: Name) -> bool:
        """Close the socket that needs its place least; return False if all need theirs."""
        if (rival := self._places.rival(name)) is None:
            return False
        self._shut(*rival)
        # It has a turn again later.
        rival[1].waits = self._is_busy(*rival)
        self._look_later()
        return True

    def _is_busy(self, name: Name, entry: Entry) -> bool:
        """Tell whether a connection has something to send by this socket."""
        soon = self.context.clock.monotonic() + TURN
        for live in filter(None, map(self.context.lives.get, entry.lives)):
            if any(_has_work(live, number, soon) for number in _lanes_by(live, name)):
                return True
        return False

    def _look_later(self) -> None:
        is_waited = any(entry.waits for entry in self._entries.values())
        if is_waited and self._looking is None:
            self._looking = asyncio.get_running_loop().call_later(LOOK, self._look)

    def _look(self) -> None:
        """Give places to those who wait, first to those who used them well."""
        self._looking = None
        waiting = [found for found in self._entries.items() if found[1].waits]
        for name, entry in sorted(waiting, key=lambda w: (w[1].failures, w[1].closed)):
            entry.waits = False
            if self._is_busy(name, entry):
                self._want(name, entry)

    def _sweep(self) -> None:
        """Close what nobody uses any more."""
        self._sweeping = None
        for name, entry in list(self._entries.items()):
            if entry.queues:
                continue
            lives = map(self.context.lives.get, entry.lives)
            entry.lives = {live.id for live in lives if live is not None and _lanes_by(live, name)}
            if not entry.lives:
                self._drop(name, entry)
            elif entry.task is not None and name not in self._places:
                # We received there; from now on it needs one of the places.
                if self._places.has_room(name):
                    self._places.take(name, entry)
                else:
                    self._shut(name, entry)
                    self._want(name, entry)

    def _drop(self, name: Name, entry: Entry) -> None:
        self._shut(name, entry)
        del self._entries[name]
        if entry.ending is not None:
            self._dropped.add(entry.ending)
            entry.ending.add_done_callback(self._dropped.discard)

    def _shut(self, name: Name, entry: Entry) -> None:
        self._places.leave(name)
        entry.shut()


def _lanes_by(live: Live, name: Name) -> list[int]:
    """Return the lanes of ``live`` that send by the socket with this name."""
    peers = {number: lane.state.peer for number, lane in live.connection.lanes.items()}
    return [
        number
        for number, peer in peers.items()
        if peer is not None and (live.profile, peer.base, peer.relay) == name
    ]


def _has_work(live: Live, number: int, soon: float) -> bool:
    traffic, lane = live.traffic[number], live.connection.lanes[number]
    if traffic.waiting or traffic.again:
        return True
    outbox, due = live.connection.state.outbox, live.connection.due
    is_behind = max(lane.state.sealed, outbox.covered) < outbox.seq
    return lane.can_send and (is_behind or (due is not None and due <= soon))


@dataclass(frozen=True, slots=True)
class _Ear:
    """The listener of one socket: adds whose it is."""

    links: Links
    ears: Ears
    profile: int
    name: Name

    def up(self, relay: RelayAddress) -> None:
        self.links.heard(self.name, up=True)
        self.links.context.health.heard(relay, up=True)
        self.ears.link_up(self.profile, relay)

    def down(self, relay: RelayAddress, error: RelayError) -> None:
        self.links.heard(self.name, up=False)
        self.links.context.health.heard(relay, up=False)

    def received(self, relay: RelayAddress, deliveries: Sequence[Delivery]) -> None:
        self.ears.deliveries(self.profile, relay, deliveries)

    def ended(self, relay: RelayAddress, queue: QueueId) -> None:
        """Another device with the same database took over; the link asks again, slowly."""

    def refused(self, relay: RelayAddress, queue: QueueId, error: RelayError) -> None:
        """Go on by the other lanes: the relay has lost the queue, or will know it again."""

    def answered(self, relay: RelayAddress, tag: int, error: RelayError | None) -> None:
        self.ears.answer(tag, error)

    def ready(self, relay: RelayAddress, sender: QueueId) -> None:
        self.ears.room(sender)
