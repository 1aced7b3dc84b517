"""What a relay does because other replicas serve the same queues.

Rows are the truth: whatever a hint says, and every few seconds without one, this process looks
at the store. Who reads a queue is nowhere stored: the reader with the highest epoch stays.
"""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from random import uniform
from typing import Final, Protocol

from graphchat.errors import StoreError
from graphchat_relay.bus import Bus, News
from graphchat_relay.service.live import LiveQueues, stored_entry
from graphchat_relay.service.queues import LiveQueue, State
from graphchat_relay.store import BATCH, Head, SharedStore

# Seconds between two looks at all queues with a reader here, or with a sender who waits.
SOONEST: Final = 5.0
LATEST: Final = 15.0
# After the store failed.
PAUSE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Peers:
    """What joins the replicas of one relay."""

    store: SharedStore
    bus: Bus


class Owner(Protocol):
    """What this needs of the relay."""

    @property
    def live(self) -> LiveQueues: ...

    def forget(self, queue: LiveQueue) -> None: ...

    def pump(self, queue: LiveQueue) -> None: ...

    def make_room(self, queue: LiveQueue) -> None: ...


class Replicas:
    def __init__(self, peers: Peers, owner: Owner) -> None:
        self._store: Final = peers.store
        self._bus: Final = peers.bus
        self._owner: Final = owner
        self._claims: dict[LiveQueue, None] = {}
        self._stale: dict[LiveQueue, None] = {}
        self._wake = asyncio.Event()
        self._bus.on_wake(self._woken)
        self._bus.on_gap(self._gap)

    def changed(self, queues: Iterable[LiveQueue]) -> None:
        """Tell the others that something about these queues is new in the store."""
        self._bus.publish(dict.fromkeys((queue.recipient for queue in queues), 0))

    def claim(self, queue: LiveQueue) -> None:
        """Tell the others soon that this replica reads ``queue`` from now on."""
        self._claims[queue] = None
        self._wake.set()

    def refresh(self, queues: Iterable[LiveQueue]) -> None:
        """Look soon what the store says of these queues."""
        self._stale.update(dict.fromkeys(queues))
        self._wake.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._bus.run())
            while True:
                try:
                    async with asyncio.timeout(uniform(SOONEST, LATEST)):  # noqa: S311 - no secret
                        await self._wake.wait()
                except TimeoutError:
                    self.refresh(q for q in self._owner.live.all() if q.subscription or q.starved)
                self._wake.clear()
                try:
                    await self._claim()
                    await self._look()
                except StoreError:
                    self._wake.set()
                    await asyncio.sleep(PAUSE)

    async def _claim(self) -> None:
        while self._claims:
            epoch = await self._store.epoch()
            claimed, self._claims = self._claims, {}
            for queue in claimed:
                queue.epoch = epoch
            self._bus.publish({queue.recipient: epoch for queue in claimed if queue.subscription})

    async def _look(self) -> None:
        while self._stale:
            found = list(islice(self._stale, BATCH))
            # Before it is looked at: what is new meanwhile has to be looked at again.
            for queue in found:
                del self._stale[queue]
            try:
                await self.reconcile(found)
            except StoreError:
                self.refresh(found)
                raise

    # What others say

    def _woken(self, news: News) -> None:
        for queue in self._owner.live.known(news):
            self._hear(queue, news[queue.recipient])

    def _hear(self, queue: LiveQueue, epoch: int) -> None:
        if not epoch:
            self.refresh([queue])
        elif queue.subscription is None or not queue.epoch:
            pass  # nobody reads here, or the claim is on its way and will be the higher one
        elif epoch > queue.epoch:
            subscription = queue.stop_reading()
            assert subscription is not None
            subscription.reader.end(subscription.uri)
        elif epoch < queue.epoch:
            self._bus.publish({queue.recipient: queue.epoch})

    def _gap(self) -> None:
        """Look at everything, and say again who reads here: hints were lost, both ways."""
        readers = [queue for queue in self._owner.live.all() if queue.subscription]
        self._bus.publish({queue.recipient: queue.epoch for queue in readers if queue.epoch})
        self.refresh(self._owner.live.all())

    # What the store says

    async def reconcile(self, queues: Sequence[LiveQueue]) -> None:
        """Bring at most `BATCH` queues to what the store has of them. Raises `StoreError`."""
        keys = [queue.key for queue in queues]
        # What changes here while the store answers is newer than the answer.
        before = {queue: _states(queue) for queue in queues}
        senders = await self._store.sender_keys(keys)
        heads: dict[int, list[Head]] = {key: [] for key in keys}
        for head in await self._store.heads(keys):
            heads[head.queue].append(head)
        for queue in queues:
            if queue.gone:
                continue
            if queue.key not in senders:
                self._owner.live.note_gone(queue.key)
                self._owner.forget(queue)
                continue
            queue.sender_key = queue.sender_key or senders[queue.key]
            self._apply(queue, heads[queue.key], before[queue])

    def _apply(self, queue: LiveQueue, heads: Collection[Head], before: dict[str, State]) -> None:
        stored = {head.id for head in heads}
        for name, state in before.items():
            entry = queue.entries.get(name)
            if entry is not None and state is entry.state is State.STORED and name not in stored:
                queue.drop(entry)
        for head in heads:
            if head.id not in queue.entries and head.id not in before:
                entry = stored_entry(queue, head)
                queue.add(entry)
                if queue.unseen is not None:
                    queue.unseen.append(entry)
        self._owner.pump(queue)
        self._owner.make_room(queue)


def _states(queue: LiveQueue) -> dict[str, State]:
    return {name: entry.state for name, entry in queue.entries.items()}
