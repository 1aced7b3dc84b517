"""Housekeeping: what is too old goes, a little at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Final, Protocol

from graphchat.clock import Clock
from graphchat.errors import StoreError
from graphchat_relay.limits import Limits
from graphchat_relay.metrics import Metrics
from graphchat_relay.service.live import LiveQueues
from graphchat_relay.service.queues import LiveQueue
from graphchat_relay.store import BATCH, Head, Store

DAY: Final = 86_400
# Seconds between two rounds.
ROUND: Final = 60.0
# The same while the store cannot be written: room is made, and noticed, soon.
SOON: Final = 1.0


class Owner(Protocol):
    """What housekeeping needs of the relay."""

    @property
    def limits(self) -> Limits: ...

    @property
    def live(self) -> LiveQueues: ...

    @property
    def metrics(self) -> Metrics: ...

    @property
    def healthy(self) -> bool: ...

    async def probe(self) -> None: ...

    def forget(self, queue: LiveQueue) -> None: ...

    def pump(self, queue: LiveQueue) -> None: ...

    def make_room(self, queue: LiveQueue) -> None: ...


class Keeper:
    def __init__(self, store: Store, clock: Clock, owner: Owner) -> None:
        self._store = store
        self._clock = clock
        self._owner = owner
        self._wake = asyncio.Event()
        self._renewed = 0

    def hurry(self) -> None:
        """Begin the next round soon: something could not be written."""
        self._wake.set()

    async def run(self) -> None:
        while True:
            await self._round()
            await self._wait(asyncio.get_running_loop().time() + ROUND)

    async def _round(self) -> None:
        # On a full medium nothing can be removed before the log is emptied.
        steps: list[Callable[[], Awaitable[None]]] = [
            self._store.tidy,
            self.expire,
            self._store.tidy,
        ]
        if not self._owner.healthy:
            steps.append(self._owner.probe)
        for step in steps:
            try:
                await step()
            except StoreError:
                self._owner.metrics.failures += 1

    async def expire(self) -> None:
        """Remove what is too old, a little at a time, so that nobody waits for it."""
        now = int(self._clock.now())
        limits = self._owner.limits
        before = now - limits.message_days * DAY
        while heads := await self._store.expire_messages(before, BATCH):
            self._owner.metrics.expired += len(heads)
            for head in heads:
                self._drop(head)
            await asyncio.sleep(0)
        await self._renew(now // DAY)
        day = now // DAY - limits.open_queue_days
        while keys := await self._store.expire_queues(day, BATCH):
            self._owner.metrics.expired += len(keys)
            for key in keys:
                self._owner.live.note_gone(key)
                queue = self._owner.live.get(key)
                if queue is not None:
                    self._owner.forget(queue)
            await asyncio.sleep(0)

    async def _renew(self, today: int) -> None:
        """Note once a day that the open queues of present subscribers are in use."""
        if today == self._renewed:
            return
        found = self._owner.live.all()
        open_ = iter([q.key for q in found if q.subscription and not q.sender_key])
        while keys := list(islice(open_, BATCH)):
            await self._store.renew(keys, today)
        self._renewed = today

    def _drop(self, head: Head) -> None:
        queue = self._owner.live.get(head.queue)
        entry = queue.entries.get(head.id) if queue else None
        if queue is not None and entry is not None and not entry.deleters:
            queue.drop(entry)
            self._owner.pump(queue)
            self._owner.make_room(queue)

    async def _wait(self, until: float) -> None:
        """Wait for the next round; while nothing can be written, it is soon."""
        loop = asyncio.get_running_loop()
        while True:
            if not self._owner.healthy:
                until = min(until, loop.time() + SOON)
            try:
                async with asyncio.timeout_at(until):
                    await self._wake.wait()
            except TimeoutError:
                return
            self._wake.clear()
