"""The relay itself: its parts joined, and what may be done with a queue as a whole.

Nothing here waits for a single message: `send` and `delete` return at once, and call back when
the message is on the medium, or gone.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from graphchat.clock import Clock
from graphchat.errors import StoreError, UnauthorizedError
from graphchat_relay.ledger import Ledger
from graphchat_relay.limits import Limits
from graphchat_relay.metrics import Metrics
from graphchat_relay.service.doors import Doors
from graphchat_relay.service.keeper import Keeper
from graphchat_relay.service.live import LiveQueues
from graphchat_relay.service.queues import Entry, LiveQueue, State, Subscription
from graphchat_relay.service.replicas import Peers, Replicas
from graphchat_relay.service.room import Room
from graphchat_relay.service.settling import Settling
from graphchat_relay.service.shared import Shared
from graphchat_relay.service.traffic import Sending, Traffic
from graphchat_relay.service.window import Window
from graphchat_relay.store import Store


class Relay:
    """All queues of one process. Use it inside `running`."""

    def __init__(
        self, store: Store, clock: Clock, limits: Limits | None = None, peers: Peers | None = None
    ) -> None:
        self.limits: Final = limits or Limits()
        shared = Shared(store, clock, self.limits)
        self.metrics: Final[Metrics] = shared.metrics
        self.live: Final[LiveQueues] = shared.live
        self.ledger: Final[Ledger] = shared.ledger
        self._store = store
        room = Room(self.limits)
        self._window = Window(store, shared.metrics, room.make_room)
        self._settling = Settling(shared, room, self._window, self._changed, self._failed)
        self._traffic = Traffic(shared, room, self._window, self._settling)
        self._writer = self._traffic.writer
        self._replicas = None if peers is None else Replicas(peers, self)
        self._doors = doors = Doors(shared, self._replicas)
        self._keeper = Keeper(store, clock, self)
        self._removals: set[asyncio.Task[None]] = set()
        # What a part does is done by it, without a detour.
        self.create: Final = doors.create
        self.recipients: Final = doors.recipients
        self.senders: Final = doors.senders
        self.release: Final = shared.live.release
        self.pump: Final = self._window.pump
        self.delete: Final = self._traffic.delete
        self.starve: Final = room.starve
        self.make_room: Final = room.make_room

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve. Raises `graphchat.errors.StoreError` if the store cannot be read."""
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(self._writer.run())
            parts = (self._window.loader, self._keeper)
            others = [tasks.create_task(part.run()) for part in parts]
            if self._replicas is not None:
                others.append(tasks.create_task(self._replicas.run()))
            yield
            self._writer.close()
            await writing
            await asyncio.gather(*self._removals, return_exceptions=True)
            for task in others:
                task.cancel()

    @property
    def healthy(self) -> bool:
        """False while the store cannot be written."""
        return self._writer.healthy

    async def probe(self) -> None:
        """Try to write, and be healthy again. Raises `StoreError` if that fails."""
        await self._writer.probe()

    def send(self, sendings: Sequence[Sending]) -> None:
        """Put envelopes into queues: see `Traffic.send`."""
        full = self._traffic.send(sendings)
        if full and self._replicas is not None:
            self._replicas.refresh(full)  # their recipients may delete elsewhere

    async def secure(self, queue: LiveQueue, key: bytes) -> None:
        """Let nobody but the holder of ``key`` send. Raises `UnauthorizedError`."""
        if queue.gone or not await self._store.secure(queue.key, key):
            self.metrics.refused += 1
            raise UnauthorizedError
        queue.sender_key = key
        self.live.note(queue)
        self._changed([queue])

    async def remove(self, queue: LiveQueue) -> None:
        """Delete a queue with everything in it."""
        if queue.gone:
            raise UnauthorizedError
        queue.gone = True
        pending = [e for e in queue.entries.values() if e.state is State.PENDING]
        self._settling.abandon(pending, "busy")
        # Whoever asked may leave: what the store has begun it ends, and memory has to follow.
        removal = asyncio.create_task(self._remove(queue))
        self._removals.add(removal)
        removal.add_done_callback(self._removals.discard)
        await asyncio.shield(removal)

    async def _remove(self, queue: LiveQueue) -> None:
        try:
            await self._store.remove(queue.key)
        except StoreError:
            queue.gone = False
            self.make_room(queue)
            raise
        self.forget(queue)
        self._changed([queue])

    def forget(self, queue: LiveQueue) -> None:
        """Take leave of a queue that is gone from the store."""
        queue.gone = True
        self.live.note(queue)
        subscription = queue.stop_reading()
        if subscription is not None:
            subscription.reader.end(subscription.uri)
        self._settling.abandon(list(queue.entries.values()), "unauthorized")

    def subscribe(self, queue: LiveQueue, subscription: Subscription) -> None:
        """Begin to push, to this subscriber and no longer to another."""
        before = queue.stop_reading()
        if before is not None and before.reader is not subscription.reader:
            before.reader.end(before.uri)
        queue.start_reading(subscription)
        if self._replicas is not None:
            self._replicas.claim(queue)
        self.pump(queue)

    def unsubscribe(self, queue: LiveQueue, reader: object) -> None:
        """End the subscription if it is still that of ``reader``."""
        if queue.subscription is not None and queue.subscription.reader is reader:
            queue.stop_reading()

    def readable(self, queue: LiveQueue) -> list[Entry]:
        """Return what is in the queue, oldest first."""
        return [entry for entry in queue.entries.values() if entry.state <= State.STORED]

    async def bodies(self, entries: Sequence[Entry]) -> dict[str, bytes]:
        """Return the envelopes of these messages, as far as they are still there."""
        found = {entry.id: entry.msg for entry in entries if entry.msg is not None}
        rest = [entry for entry in entries if entry.id not in found]
        if rest:
            stored = await self._store.bodies([entry.position for entry in rest])
            found |= {e.id: stored[e.position] for e in rest if e.position in stored}
        return found

    def _changed(self, queues: Iterable[LiveQueue]) -> None:
        if self._replicas is not None:
            self._replicas.changed(queues)

    def _failed(self) -> None:
        self._keeper.hurry()
