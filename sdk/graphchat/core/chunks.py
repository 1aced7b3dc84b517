"""The chunks of a file: cut, padded, sealed each for itself, and opened (protocol, section 25).

A chunk names its place in the file, and whether it is the last: a relay that swaps, repeats or
cuts off chunks makes others than those that are asked for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from graphchat.clock import Clock
from graphchat.content.files import CHUNK, count
from graphchat.crypto import aead
from graphchat.errors import DecryptionError
from graphchat.secret import Secret
from graphchat.wire.limits import XXL, L, size_class

LENGTH: Final = 4
ROOM: Final = XXL - aead.OVERHEAD - LENGTH
assert ROOM == CHUNK


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is cut: into chunks, and those into strips, one for each queue."""

    size: int
    """Bytes of the file."""
    strip: int
    """Chunks in a strip."""

    @property
    def chunks(self) -> int:
        return count(self.size, CHUNK)

    @property
    def strips(self) -> int:
        return count(self.chunks, self.strip)

    def of(self, strip: int) -> range:
        """Return the numbers of the chunks in a strip."""
        first = strip * self.strip
        return range(first, min(first + self.strip, self.chunks))

    def length(self, chunk: int) -> int:
        """Return how many bytes of the file are in a chunk."""
        return min(CHUNK, self.size - chunk * CHUNK)

    def is_last(self, chunk: int) -> bool:
        return chunk == self.chunks - 1


def seal(key: Secret, layout: Layout, chunk: int, data: bytes, clock: Clock) -> bytes:
    """Return the envelope of a chunk: never the same twice, so copies cannot be compared."""
    # Nothing shorter than L: what is left over at the end is not told by its size class.
    size = size_class(max(len(data) + LENGTH + aead.OVERHEAD, L))
    body = len(data).to_bytes(LENGTH, "big") + data
    return aead.seal(key, body.ljust(size - aead.OVERHEAD, b"\0"), _place(layout, chunk), clock)


def open_(key: Secret, layout: Layout, chunk: int, envelope: bytes) -> bytes:
    """Return what is in a chunk. Raises `DecryptionError` if this is not that chunk, whole."""
    body = aead.unseal(key, envelope, _place(layout, chunk))
    length = int.from_bytes(body[:LENGTH], "big")
    data = body[LENGTH : LENGTH + length]
    if (
        length != layout.length(chunk)
        or len(data) != length
        or body[LENGTH + length :].strip(b"\0")
    ):
        raise DecryptionError
    return data


def find(
    key: Secret, layout: Layout, chunks: Iterable[int], envelope: bytes
) -> tuple[int, bytes] | None:
    """Return which of ``chunks`` an envelope holds, and the data; None: none of them."""
    for chunk in chunks:
        try:
            return chunk, open_(key, layout, chunk, envelope)
        except DecryptionError:
            continue
    return None


def _place(layout: Layout, chunk: int) -> bytes:
    last = b"\1" if layout.is_last(chunk) else b"\0"
    return b"gc/1 file" + layout.size.to_bytes(8, "big") + chunk.to_bytes(4, "big") + last
