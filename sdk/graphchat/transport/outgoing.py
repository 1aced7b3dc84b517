"""What waits to be written to a socket, batched: what gathers in one turn leaves as one frame."""

from collections import deque
from collections.abc import Callable
from typing import Final

from graphchat.wire.frames import encode_binary
from graphchat.wire.limits import BATCH, XXL
from graphchat.wire.socket import ClientObject

# Less than the protocol allows: a ping never waits for long behind a frame on a slow network.
FRAME: Final = 2**20
# What an object takes beside the envelope in it; two URIs fit.
OVERHEAD: Final = 1500
assert XXL + OVERHEAD <= FRAME

# Made at the moment in which it leaves: then it is signed, or no longer wanted (None).
Make = Callable[[], ClientObject | None]


class Outgoing:
    def __init__(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` whenever `frame` has something to give."""
        self._wake = wake
        self._items: deque[tuple[int, Make]] = deque()
        self._ids = 0

    def new_id(self) -> str:
        """Return an id for an object that is not an envelope: those bring a random one."""
        self._ids += 1
        return f"~{self._ids}"

    def put(self, make: Make, size: int = 0) -> None:
        """Queue an object that holds an envelope of ``size`` bytes."""
        self._items.append((size + OVERHEAD, make))
        self._wake()

    def frame(self) -> bytes | None:
        """Return the next frame; None if there is nothing to say."""
        objects: list[ClientObject] = []
        room = FRAME
        while self._items and len(objects) < BATCH and self._items[0][0] <= room:
            size, make = self._items.popleft()
            made = make()
            if made is not None:
                objects.append(made)
                room -= size
        return encode_binary(objects) if objects else None
