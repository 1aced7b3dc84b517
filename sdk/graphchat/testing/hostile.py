"""A contact who breaks the rules, with the right keys: no outsider can do worse."""

from dataclasses import dataclass
from typing import final

from graphchat.content import Message, Text, encode
from graphchat.core import frame as frames
from graphchat.core.frame import Frame, Kind
from graphchat.testing.side import Side


@final
@dataclass(frozen=True, slots=True)
class Hostile:
    """Writes any frames with the keys of ``side``, and gives them straight to ``victim``."""

    side: Side
    victim: Side

    def frame(
        self,
        seq: int,
        *,
        text: str = "x",
        prev: bytes | None = None,
        stream: bytes | None = None,
        kind: Kind = Kind.CONTENT,
    ) -> Frame:
        """Make a frame; it follows the last honest one unless told otherwise."""
        own, clock = self.side.connection.state.outbox, self.side.clock
        name = own.stream if stream is None else stream
        before = own.head if stream is None else frames.first_hash(self.side.connection.cid, name)
        now_ms = int(clock.now() * 1000)
        return Frame(
            kind,
            clock.random(16),
            name,
            seq,
            now_ms,
            before if prev is None else prev,
            encode(Text(text)),
        )

    def outside(self, message: Message, kind: Kind = Kind.RECEIPT) -> Frame:
        """Make a frame that stands outside of the stream."""
        stream = self.side.connection.state.outbox.stream
        now_ms = int(self.side.clock.now() * 1000)
        name = self.side.clock.random(16)
        return Frame(kind, name, stream, 0, now_ms, frames.NO_HASH, encode(message))

    def send(self, frame: Frame, lane: int = 0) -> None:
        """Sign and seal a frame, and have the victim take it."""
        data = frames.encode(frame)
        self.send_bytes(data, self.sign(frame), lane)

    def send_bytes(self, data: bytes, signature: bytes, lane: int = 0) -> None:
        """Seal whatever it is, and have the victim take it."""
        self.victim.take(lane, self.seal(data, signature, lane))

    def sign(self, frame: Frame) -> bytes:
        machine = self.side.connection
        return frames.sign(machine.outbox.key, machine.cid, frame, frames.encode(frame))

    def seal(self, data: bytes, signature: bytes, lane: int = 0) -> bytes:
        """Return the envelope for one lane."""
        machine = self.side.connection
        return machine.lanes[lane].seal(machine.cid, 0, data, signature, self.side.clock)
