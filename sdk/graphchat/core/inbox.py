"""One sequence of frames out of the copies that several lanes deliver.

Rule: a frame is used when all before it in its stream were used, and only once, whatever
order and repetition the relays produce. docs/protocol.md, section 14.
"""

from dataclasses import dataclass, field
from typing import Final, Protocol, Self

import msgspec

from graphchat.content import Turn
from graphchat.core.frame import (
    Frame,
    decode,
    first_hash,
    next_hash,
    packed_signature,
    unpacked_signature,
)
from graphchat.errors import RemoteProtocolError
from graphchat.ids import ConnectionId

MAX_HELD: Final = 1_000
"""Frames that wait, in all streams together; one further ahead than this is not held."""
MAX_HELD_BYTES: Final = 64 * 1024 * 1024
MAX_STREAMS: Final = 16
# Whoever sends two frames with one number is caught as long as the first is among these.
REMEMBERED: Final = 16


class StreamState(msgspec.Struct):
    """What is stored of one stream of the other side."""

    seq: int
    """The number of the last frame that was used."""
    head: bytes
    """The hash of the stream up to that frame."""
    recent: list[bytes]
    """Hashes of the last used frames, newest last."""
    lanes: dict[int, int]
    """The highest number seen by each lane."""
    ids: list[bytes] = []
    """Message ids of the last used frames, newest last."""
    restored: bool = False
    """From a backup: the client that it was made of may have used more of the stream."""
    turns: list[Turn] = []
    """The last proof keys after the first one, oldest first."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A frame as it travelled: decoded, encoded, and its signature."""

    frame: Frame
    data: bytes
    signature: bytes

    def pack(self) -> bytes:
        """Return it as one row: its signature, then the frame."""
        return packed_signature(self.signature) + self.data

    @classmethod
    def unpack(cls, row: bytes) -> Self:
        """Return what `pack` made a row of."""
        signature, data = unpacked_signature(row)
        return cls(decode(data), data, signature)


@dataclass(frozen=True, slots=True)
class Use:
    """The next frame of its stream."""

    signed: Signed


@dataclass(frozen=True, slots=True)
class Hold:
    """A frame that has to wait for those before it: store it."""

    signed: Signed


@dataclass(frozen=True, slots=True)
class Drop:
    """A frame that was held is not used: forget it."""

    stream: bytes
    seq: int


@dataclass(frozen=True, slots=True)
class Skip:
    """The next frame of its stream, with the message id of another one: nobody gets to see it."""

    signed: Signed


@dataclass(frozen=True, slots=True)
class Conflict:
    """The other side signed two different frames with one number, or with one message id."""

    stream: bytes
    seq: int


Outcome = Use | Hold | Drop | Skip | Conflict


class Authors(Protocol):
    """Knows whose signature counts where."""

    def fits(self, state: StreamState, signed: Signed) -> bool: ...
    def note(self, state: StreamState, signed: Signed) -> None: ...


@dataclass(slots=True)
class Inbox:
    """All streams of the other side of one connection."""

    cid: ConnectionId
    streams: dict[bytes, StreamState]
    held: dict[tuple[bytes, int], Signed] = field(default_factory=dict[tuple[bytes, int], Signed])
    authors: Authors | None = None
    """Looks at frames that were held, when they have their turn; without it all are good."""

    def receive(self, lane: int, signed: Signed) -> list[Outcome]:
        """Take one copy of a frame in a stream; return what follows, in order.

        Raises `RemoteProtocolError` if it cannot belong to its stream; nothing changes then.
        """
        frame = signed.frame
        stream = self.streams.get(frame.stream) or self._open(frame.stream)
        if stream.restored:
            _catch_up(stream, frame)
        if frame.seq == stream.seq + 1 and frame.prev != stream.head:
            if frame.seq > 1:
                # Through its hash, the signature is one over another frame before it as well.
                return [Conflict(frame.stream, stream.seq)]
            raise RemoteProtocolError("the first frame of a stream names a predecessor")
        self.streams[frame.stream] = stream
        stream.lanes[lane] = max(stream.lanes.get(lane, 0), frame.seq)
        if frame.seq <= stream.seq:
            return self._again(stream, signed)
        if (before := self.held.get((frame.stream, frame.seq))) is not None:
            same = before.data == signed.data
            return [] if same else [Conflict(frame.stream, frame.seq)]
        if frame.seq > stream.seq + 1:
            if frame.seq > stream.seq + MAX_HELD or self._full(len(signed.data)):
                # It was seen, so `gap` knows that it is missing until it comes again.
                return []
            self.held[frame.stream, frame.seq] = signed
            return [Hold(signed)]
        self.held[frame.stream, frame.seq] = signed
        return self._use(stream, frame.stream, signed)

    def gap(self, stream: bytes) -> tuple[int, int] | None:
        """Return the first and last number that are missing before what was seen first."""
        state = self.streams[stream]
        if waiting := [seq for name, seq in self.held if name == stream]:
            return state.seq + 1, min(waiting) - 1
        seen = max(state.lanes.values(), default=0)
        return (state.seq + 1, seen) if seen > state.seq else None

    def _full(self, more: int) -> bool:
        size = sum(len(signed.data) for signed in self.held.values())
        return len(self.held) >= MAX_HELD or size + more > MAX_HELD_BYTES

    def _open(self, stream: bytes) -> StreamState:
        if len(self.streams) >= MAX_STREAMS:
            raise RemoteProtocolError("the other side opened too many streams")
        return StreamState(0, first_hash(self.cid, stream), [], {})

    def _again(self, stream: StreamState, signed: Signed) -> list[Outcome]:
        back = stream.seq - signed.frame.seq
        known = stream.recent[-1 - back] if back < len(stream.recent) else None
        if known is None or known == next_hash(signed.frame.prev, signed.data):
            return []
        return [Conflict(signed.frame.stream, signed.frame.seq)]

    def _use(self, stream: StreamState, name: bytes, first: Signed) -> list[Outcome]:
        ready: list[Outcome] = []
        while (signed := self.held.get((name, stream.seq + 1))) is not None:
            del self.held[name, stream.seq + 1]
            if signed is not first and not self._is_fit(stream, signed):
                # Its key was not known when it came; a true copy may still come.
                ready.append(Drop(name, stream.seq + 1))
                break
            if signed.frame.prev != stream.head:
                # It was held before its predecessor was known; the true one may still come.
                ready += [Drop(name, stream.seq + 1), Conflict(name, stream.seq + 1)]
                break
            stream.seq += 1
            stream.head = next_hash(stream.head, signed.data)
            stream.recent = [*stream.recent[1 - REMEMBERED :], stream.head]
            if self.authors is not None:
                self.authors.note(stream, signed)
            if any(signed.frame.id in known.ids for known in self.streams.values()):
                # It stays part of the chain, or nothing could follow it; nobody gets to see it.
                ready += [Skip(signed), Conflict(name, stream.seq)]
                continue
            stream.ids = [*stream.ids[1 - REMEMBERED :], signed.frame.id]
            ready.append(Use(signed))
        return ready

    def _is_fit(self, stream: StreamState, signed: Signed) -> bool:
        return self.authors is None or self.authors.fits(stream, signed)


def _catch_up(stream: StreamState, frame: Frame) -> None:
    """Go on from ``frame``: what came before it was receipted, and is not sent again."""
    stream.restored = False
    if frame.seq > stream.seq + 1:
        stream.seq, stream.head = frame.seq - 1, frame.prev
        stream.recent, stream.lanes = [], {}
