"""The group commit: what arrives while one transaction runs goes into the next.

A message that its recipient was just sent may wait 5 ms: if it is deleted before, it never
reaches the medium. Under pressure it may wait longer, as long as most are deleted: then writing
them, and removing them again, is what there is no time for.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from graphchat.errors import StoreError
from graphchat_relay.service.queues import Entry, State
from graphchat_relay.store import BATCH, MessageRow, Store

PATIENCE: Final = 0.005
# Seconds, too: while more waits than one transaction takes, and most of it gets deleted.
PRESSED: Final = 0.1
# How much each message counts in the share of those that were deleted in time.
SHARE: Final = 1 / 64
# What one transaction may write; a larger one would delay everybody behind it.
BYTES: Final = 8 * 1024 * 1024


class Writer:
    """One task that writes for everybody."""

    def __init__(
        self, store: Store, settled: Callable[[list[Entry], list[Entry], bool], Iterable[Entry]]
    ) -> None:
        self._store = store
        self._settled = settled
        self._soon: deque[Entry] = deque()
        self._late: deque[tuple[float, Entry]] = deque()
        self._removed: deque[tuple[float, Entry]] = deque()
        self._wake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._closing = False
        # The share of late messages that were deleted in time, of the last hundred or so. It
        # begins high: if it were low, a fast medium would write all before it could rise.
        self._spared = 1.0
        self.pending_bytes = 0
        self.healthy = True
        """False after a write that failed, until one succeeds."""

    def add(self, entries: Iterable[Entry]) -> None:
        """Write ``entries``; after a moment only those that their recipients were sent."""
        now = self._loop.time()
        for entry in entries:
            self.pending_bytes += entry.size
            # What waits is not overtaken: the medium numbers messages in the order of writing.
            if entry.pushed or entry.queue.late:
                entry.queue.late += 1
                self._late.append((now, entry))
            else:
                self._soon.append(entry)
        self._plan()

    def remove(self, entry: Entry) -> None:
        """Remove what is stored."""
        self._removed.append((self._loop.time(), entry))
        self._plan()

    async def probe(self) -> None:
        """Find out whether the medium can be written again. Raises `StoreError` if not."""
        await self._store.probe()
        self.healthy = True

    async def run(self) -> None:
        """Write until `close`; then write the rest and return."""
        while not (self._closing and not self._soon and not self._late and not self._removed):
            await self._wake.wait()
            self._wake.clear()
            await self._commit()
            self._plan()
        if self._timer is not None:
            self._timer.cancel()

    def close(self) -> None:
        self._closing = True
        self._wake.set()

    @property
    def _patience(self) -> float:
        """Seconds that the first of those that may wait has."""
        pressed = len(self._late) > BATCH and self._spared > 0.5
        return PRESSED if pressed else PATIENCE

    def _plan(self) -> None:
        """Wake when the first of those that may wait has waited enough."""
        self._pass_over()
        patience = self._patience
        crowded = len(self._removed) >= BATCH or (
            len(self._late) >= BATCH and patience == PATIENCE
        )
        if self._soon or self._closing or crowded:
            self._wake.set()
        elif self._late or self._removed:
            dues = [self._late[0][0] + patience] if self._late else []
            dues += [self._removed[0][0] + PATIENCE] if self._removed else []
            self._ring_at(min(dues))

    def _ring_at(self, due: float) -> None:
        # Under pressure it was set late; nobody shall wait for that when the pressure is gone.
        if self._timer is not None and due < self._timer.when():
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._wake.set()

    async def _commit(self) -> None:
        added, removed = self._collect_added(), self._collect_removed()
        if not added and not removed:
            return
        try:
            positions = await self._store.reserve(len(added))
            rows = [_row(*pair) for pair in zip(added, positions, strict=True)]
            await self._store.write(rows, [entry.position for entry in removed])
            self.healthy = True
        except StoreError:
            self.healthy = False
        for entry in self._settled(added, removed, self.healthy):
            self.remove(entry)

    def _collect_added(self) -> list[Entry]:
        found: list[Entry] = []
        size = 0
        patience = self._patience
        full = self._closing or (len(self._late) >= BATCH and patience == PATIENCE)
        before = self._loop.time() - patience
        while len(found) < BATCH and size < BYTES:
            if self._soon:
                entry = self._soon.popleft()
                self.pending_bytes -= entry.size
            elif self._late and (full or self._late[0][0] <= before):
                entry = self._pop_late()
            else:
                break
            # Others were deleted meanwhile: they never touch the medium.
            if entry.state is State.PENDING:
                entry.state = State.WRITING
                found.append(entry)
                size += entry.size
        return found

    def _pass_over(self) -> None:
        """Let go of what was deleted in time, as far as nothing waits in front of it."""
        late = self._late
        while late and late[0][1].state is not State.PENDING:
            self._pop_late()

    def _pop_late(self) -> Entry:
        entry = self._late.popleft()[1]
        entry.queue.late -= 1
        self.pending_bytes -= entry.size
        self._spared += ((entry.state is not State.PENDING) - self._spared) * SHARE
        return entry

    def _collect_removed(self) -> list[Entry]:
        full = self._closing or len(self._removed) >= BATCH
        before = self._loop.time() - PATIENCE
        found: list[Entry] = []
        while self._removed and len(found) < BATCH and (full or self._removed[0][0] <= before):
            entry = self._removed.popleft()[1]
            if entry.state is State.DELETING:
                found.append(entry)
        return found


def _row(entry: Entry, position: int) -> MessageRow:
    assert entry.msg is not None
    entry.position = position
    return MessageRow(entry.queue.key, entry.position, entry.id, entry.ts, entry.msg)
