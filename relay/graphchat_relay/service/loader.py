"""Fetches the bodies of stored messages, for all queues together."""

import asyncio
from collections.abc import Callable
from itertools import islice
from typing import Final

from graphchat.errors import StoreError
from graphchat.wire.limits import FRAME, IN_FLIGHT, INLINE
from graphchat_relay.service.queues import Entry, LiveQueue, State
from graphchat_relay.store import BATCH, Store

# Between tries when the medium fails.
PAUSE: Final = 1.0


class Loader:
    """One task that reads for everybody."""

    def __init__(
        self,
        store: Store,
        pump: Callable[[LiveQueue], None],
        dropped: Callable[[LiveQueue], None],
    ) -> None:
        self._store = store
        self._pump = pump
        self._dropped = dropped
        self._wanted: dict[LiveQueue, None] = {}
        self._wake = asyncio.Event()

    def want(self, queue: LiveQueue) -> None:
        """Fetch what the window of ``queue`` has room for, then pump it."""
        if not queue.loading:
            queue.loading = True
            self._wanted[queue] = None
            self._wake.set()

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._wanted:
                await self._load()

    async def _load(self) -> None:
        entries, queues = self._collect()
        try:
            positions = [entry.position for entry in entries]
            bodies = await self._store.bodies(positions) if positions else {}
        except StoreError:
            self._wanted.update(dict.fromkeys(queues))
            await asyncio.sleep(PAUSE)
            return
        for entry in entries:
            if entry.state is not State.STORED:
                continue
            body = bodies.get(entry.position)
            if body is None:  # it expired, or another replica deleted it
                entry.queue.drop(entry)
                self._dropped(entry.queue)
            elif entry.queue.subscription is not None:
                entry.msg = body
                entry.queue.kept(entry)
        for queue in queues:
            queue.loading = False
            self._pump(queue)

    def _collect(self) -> tuple[list[Entry], list[LiveQueue]]:
        entries: list[Entry] = []
        queues: list[LiveQueue] = []
        size = 0
        while self._wanted and len(entries) < BATCH - IN_FLIGHT and size < FRAME:
            queue = next(iter(self._wanted))
            del self._wanted[queue]
            if not _takes(queue):
                queue.loading = False
                continue
            queues.append(queue)
            room = IN_FLIGHT - queue.in_flight
            for entry in islice(queue.unseen or (), room):
                if entry.msg is None and entry.state is State.STORED and entry.size <= INLINE:
                    entries.append(entry)
                    size += entry.size
        return entries, queues


def _takes(queue: LiveQueue) -> bool:
    """Tell whether there is somebody to push to now: what is loaded is held until then."""
    if queue.subscription is None:
        return False
    reader = queue.subscription.reader
    if not reader.writable:
        reader.stall(queue)
    return reader.writable
