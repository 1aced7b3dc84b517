"""What waits to be sent over one socket: all that falls in one turn of the loop is one frame."""

import asyncio
from collections.abc import Callable
from typing import Final

from graphchat.wire.frames import encode_binary, encode_text
from graphchat.wire.limits import BATCH
from graphchat.wire.socket import Push, ServerObject
from graphchat_relay.ledger import Ledger
from graphchat_relay.line import Line

# A recipient that reads slowly is pushed no more beyond this, and is not read from.
HIGH: Final = 1024 * 1024
# Raw bytes of one frame: in base64 they stay below the limit of 4 MiB.
FRAME_BYTES: Final = 2 * 1024 * 1024
# What an object costs beside its envelope, roughly.
OVERHEAD: Final = 256
# Seconds between two looks whether somebody who takes nothing is still there.
LOOK: Final = 1.0


class Outbox:
    """Bounded by its owner, who looks at `full` before it asks for more."""

    __slots__ = (
        "_drained",
        "_ledger",
        "_line",
        "_most",
        "_objects",
        "_on_room",
        "_planned",
        "_under_way",
        "binary",
        "closed",
        "size",
    )

    def __init__(
        self, line: Line, on_room: Callable[[], None], ledger: Ledger, most: int = HIGH
    ) -> None:
        self._line = line
        self._ledger = ledger
        self._most = most
        self._on_room = on_room
        self._objects: list[ServerObject] = []
        self._planned = False
        self._drained: asyncio.Future[None] | None = None
        # What the line has taken, and perhaps not sent.
        self._under_way = 0
        self.size = 0
        self.binary = False
        self.closed = False

    @property
    def full(self) -> bool:
        return self.size >= self._most

    def push(self, found: Push) -> None:
        """Send a message, as `put` does."""
        if not self.closed:
            size = len(found.message.msg)
            self.size += size
            self._ledger.hold(size)
            self.put(found)

    def put(self, found: ServerObject) -> None:
        """Send what is small with whatever else there is to send in this turn."""
        if self.closed:
            return
        self._objects.append(found)
        self.size += OVERHEAD
        self._ledger.used += OVERHEAD
        if not self._planned:
            self._planned = True
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Write what there is, as far as the line takes it."""
        self._planned = False
        was_full = self.full
        while self._line.writable:
            self.size -= self._under_way
            self._ledger.used -= self._under_way
            self._under_way = 0
            if not self._objects:
                break
            batch, self._under_way = self._take()
            self._line.write(encode_binary(batch) if self.binary else encode_text(batch))
        if was_full and not self.full:
            self._release()
            self._on_room()

    async def drained(self) -> None:
        """Return when there is room again, or never will be.

        A server may learn of a broken connection inside our `send`, and want to tell us by
        `receive` before it returns. Who waited here for `send` alone would wait for ever.
        """
        while self.full and not self.closed:
            self._drained = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._drained], timeout=LOOK)
            if self._line.broken:
                self.shut()

    def shut(self) -> None:
        """Take nothing more, and drop what waits."""
        self.closed = True
        self._objects.clear()
        self._ledger.used -= self.size
        self.size = self._under_way = 0
        self._release()

    def _release(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def _take(self) -> tuple[list[ServerObject], int]:
        if len(self._objects) <= BATCH and self.size <= FRAME_BYTES:
            batch, self._objects = self._objects, []
            return batch, self.size
        weight = count = 0
        for found in self._objects[:BATCH]:
            weight += _weight(found)
            count += 1
            if weight >= FRAME_BYTES:
                break
        batch = self._objects[:count]
        del self._objects[:count]
        return batch, weight


def _weight(found: ServerObject) -> int:
    return OVERHEAD + len(found.message.msg) if type(found) is Push else OVERHEAD
