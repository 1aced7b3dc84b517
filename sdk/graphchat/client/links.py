"""The sockets of a client: one for each relay and profile, so that no relay links profiles."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from graphchat.client.live import Live, Traffic, Waiting
from graphchat.crypto.keys import SigningKey
from graphchat.errors import RelayError
from graphchat.ids import QueueId
from graphchat.transport.ports import Delivery, Link, Transport
from graphchat.wire.uri import RelayAddress


class Ears(Protocol):
    """Who hears what happens on the sockets; called in the event loop, must not block."""

    def link_up(self, profile: int, relay: RelayAddress) -> None: ...
    def deliveries(
        self, profile: int, relay: RelayAddress, deliveries: Sequence[Delivery]
    ) -> None: ...
    def answer(self, tag: int, error: RelayError | None) -> None: ...
    def room(self, sender: QueueId) -> None: ...


@dataclass(slots=True)
class Entry:
    """One socket, and whether it is up."""

    link: Link
    task: asyncio.Task[None]
    up: bool = False
    error: RelayError | None = None
    lives: set[int] = field(default_factory=set[int])
    """Loaded connections with a lane to this relay."""


class Links:
    """Makes sockets when they are first needed, and keeps them."""

    def __init__(self, transport: Transport, ears: Ears) -> None:
        self._transport: Final = transport
        self._ears: Final = ears
        self._entries: dict[tuple[int, str, bytes], Entry] = {}

    @property
    def entries(self) -> list[Entry]:
        return list(self._entries.values())

    def of(self, profile: int, relay: RelayAddress) -> Entry:
        """Return the socket of ``profile`` to ``relay``; it connects by itself."""
        name = (profile, relay.base, relay.fingerprint)
        if (entry := self._entries.get(name)) is None:
            ear = _Ear(self, self._ears, profile, name)
            link = self._transport.link(relay, ear)
            task = asyncio.create_task(link.run(), name=f"link to {relay.base}")
            entry = self._entries[name] = Entry(link, task)
        return entry

    def subscribe(self, profile: int, relay: RelayAddress, queue: bytes, key: SigningKey) -> None:
        self.of(profile, relay).link.subscribe(QueueId(queue), key)

    def watch(self, live: Live) -> None:
        """Open the sockets that the lanes of ``live`` send by."""
        for number in range(len(live.connection.lanes)):
            if (relay := live.lane_relay(number)) is not None:
                self.of(live.profile, relay).lives.add(live.id)

    def is_up(self, live: Live, number: int) -> bool:
        relay = live.lane_relay(number)
        return relay is not None and self.of(live.profile, relay).up

    def send(self, live: Live, number: int, traffic: Traffic, waiting: Waiting) -> None:
        """Hand an envelope to the socket; `Ears.answer` follows."""
        lane, relay = live.connection.lanes[number].state, live.lane_relay(number)
        assert relay is not None
        assert lane.peer is not None
        traffic.handed.add(waiting.tag)
        self.of(live.profile, relay).link.send(
            QueueId(lane.peer.sender_id),
            SigningKey(lane.sender_key),
            waiting.envelope,
            waiting.tag,
            waiting.request_id,
        )

    def retry_now(self) -> None:
        for entry in self._entries.values():
            entry.link.retry_now()

    async def close(self) -> None:
        tasks = [entry.task for entry in self._entries.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._entries.clear()

    def entry(self, name: tuple[int, str, bytes]) -> Entry | None:
        return self._entries.get(name)


@dataclass(frozen=True, slots=True)
class _Ear:
    """The listener of one socket: adds whose it is."""

    links: Links
    ears: Ears
    profile: int
    name: tuple[int, str, bytes]

    def up(self, relay: RelayAddress) -> None:
        if (entry := self.links.entry(self.name)) is not None:
            entry.up, entry.error = True, None
        self.ears.link_up(self.profile, relay)

    def down(self, relay: RelayAddress, error: RelayError) -> None:
        if (entry := self.links.entry(self.name)) is not None:
            entry.up, entry.error = False, error

    def received(self, relay: RelayAddress, deliveries: Sequence[Delivery]) -> None:
        self.ears.deliveries(self.profile, relay, deliveries)

    def ended(self, relay: RelayAddress, queue: QueueId) -> None:
        """Another device with the same database took over; it has the messages."""

    def refused(self, relay: RelayAddress, queue: QueueId, error: RelayError) -> None:
        """Go on by the other lanes: the relay has lost the queue."""

    def answered(self, relay: RelayAddress, tag: int, error: RelayError | None) -> None:
        self.ears.answer(tag, error)

    def ready(self, relay: RelayAddress, sender: QueueId) -> None:
        self.ears.room(sender)
