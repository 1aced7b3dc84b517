"""What waits to be sent over one socket: all that falls in one turn of the loop is one frame."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from graphchat.wire.frames import encode_binary, encode_text
from graphchat.wire.limits import BATCH
from graphchat.wire.socket import Push, ServerObject

AsgiSend = Callable[[MutableMapping[str, Any]], Awaitable[None]]

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

    __slots__ = ("_drained", "_objects", "_on_room", "_send", "_task", "binary", "closed", "size")

    def __init__(self, send: AsgiSend, on_room: Callable[[], None]) -> None:
        self._send = send
        self._on_room = on_room
        self._objects: list[ServerObject] = []
        self._task: asyncio.Task[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self.size = 0
        self.binary = False
        self.closed = False

    @property
    def full(self) -> bool:
        return self.size >= HIGH

    def put(self, found: ServerObject) -> None:
        """Send it with whatever else there is to send in this turn."""
        if self.closed:
            return
        self._objects.append(found)
        self.size += _weight(found)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._flush())

    async def drained(self, is_broken: Callable[[], bool]) -> None:
        """Return when there is room again, or never will be.

        A server may learn of a broken connection inside our `send`, and want to tell us by
        `receive` before it returns. Who waited here for `send` alone would wait for ever.
        """
        while self.full and not self.closed:
            self._drained = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._drained], timeout=LOOK)
            if is_broken():
                self.shut()

    def shut(self) -> None:
        """Take nothing more, and drop what waits."""
        self.closed = True
        self._objects.clear()
        self._release()

    async def close(self) -> None:
        """Shut, and end what is under way."""
        self.shut()
        task = self._task
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _flush(self) -> None:
        try:
            while self._objects and not self.closed:
                batch, weight = self._take()
                frame: dict[str, Any] = {"type": "websocket.send"}
                if self.binary:
                    frame["bytes"] = encode_binary(batch)
                else:
                    frame["text"] = encode_text(batch)
                await self._send(frame)
                self._sent(weight)
        except OSError:  # the peer has gone; the reader will notice
            self.shut()
        finally:
            self._task = None

    def _sent(self, weight: int) -> None:
        was_full = self.full
        self.size -= weight
        if was_full and not self.full:
            self._on_room()
        self._release()

    def _release(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def _take(self) -> tuple[list[ServerObject], int]:
        if len(self._objects) <= BATCH and self.size <= FRAME_BYTES:
            batch, self._objects = self._objects, []
            return batch, sum(map(_weight, batch))
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
