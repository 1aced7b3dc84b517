"""The stream that this side writes: numbers, hash chain, signatures, and what is covered.

docs/protocol.md, section 14.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from graphchat.content import ReceiptBody
from graphchat.core import frame as frames
from graphchat.core.frame import Frame, Kind
from graphchat.crypto.keys import SigningKey, verify
from graphchat.errors import LocalProtocolError, RemoteProtocolError
from graphchat.ids import ConnectionId, MessageId


class OutboxState(msgspec.Struct):
    """What is stored of our own stream."""

    stream: bytes
    seq: int
    """The number of the last frame that was written."""
    head: bytes
    """The hash of the stream up to that frame."""
    covered: int = 0
    """The highest number that a receipt of the other side covers."""
    lanes: dict[int, int] = msgspec.field(default_factory=dict[int, int])
    """The highest number that the other side saw by each lane."""


@dataclass(frozen=True, slots=True)
class Written:
    """A frame of ours, ready to be stored until a receipt covers it."""

    seq: int
    id: MessageId
    head: bytes
    signature: bytes
    data: bytes
    frame: Frame


@dataclass(slots=True)
class Outbox:
    """Append-only: what was written once is never written differently."""

    cid: ConnectionId
    key: SigningKey | None
    """Signs the stream. None: the connection is private, and nothing is signed."""
    state: OutboxState
    aside: SigningKey | None = None
    """Signs what is outside of the stream: ``key``, or the one before it for a while."""

    def __post_init__(self) -> None:
        self.aside = self.aside or self.key

    @staticmethod
    def start(cid: ConnectionId, stream: bytes) -> OutboxState:
        return OutboxState(stream, 0, frames.first_hash(cid, stream))

    def append(self, kind: Kind, message_id: MessageId, payload: bytes, ts_ms: int) -> Written:
        """Write the next frame of the stream."""
        if not kind.in_stream:
            raise LocalProtocolError(f"a {kind.name} frame has no number")
        state = self.state
        frame = Frame(kind, message_id, state.stream, state.seq + 1, ts_ms, state.head, payload)
        data = frames.encode(frame)
        signature = frames.sign(self.key, self.cid, frame, data)
        state.seq, state.head = frame.seq, frames.next_hash(state.head, data)
        return Written(frame.seq, message_id, state.head, signature, data, frame)

    def outside(
        self, kind: Kind, message_id: MessageId, payload: bytes, ts_ms: int
    ) -> tuple[bytes, bytes]:
        """Write a frame that stands outside of the stream; return it and its signature."""
        frame = Frame(kind, message_id, self.state.stream, 0, ts_ms, frames.NO_HASH, payload)
        data = frames.encode(frame)
        return data, frames.sign(self.aside, self.cid, frame, data)

    def sign(self, statement: bytes) -> bytes:
        """Return our signature over ``statement``, empty in a private connection."""
        return b"" if self.aside is None else self.aside.sign(statement)

    def cover(self, keys: Sequence[bytes] | None, receipt: ReceiptBody, head: bytes) -> bool:
        """Note that the other side has everything up to ``receipt.seq``.

        ``keys`` may have signed it; None in a private connection. ``head`` is the hash of our
        stream at that number. Returns False if that was known.
        Raises `RemoteProtocolError` if the receipt is not signed for this stream.
        """
        highest = max(receipt.seq, *(seen.seq for seen in receipt.lanes))
        if receipt.stream != self.state.stream or highest > self.state.seq:
            raise RemoteProtocolError("a receipt is for frames that were never sent")
        statement = frames.receipt_statement(
            self.cid, receipt.stream, receipt.seq, head, receipt.ts_ms
        )
        if keys is None:
            if receipt.signature:
                raise RemoteProtocolError("a receipt of a private connection is signed")
        elif not any(verify(key, statement, receipt.signature) for key in keys):
            raise RemoteProtocolError("a receipt is not signed by the other side")
        # An older receipt may come later, by a slower lane.
        known = self.state.lanes
        self.state.lanes = {
            seen.number: max(seen.seq, known.get(seen.number, 0)) for seen in receipt.lanes
        }
        if receipt.seq <= self.state.covered:
            return False
        self.state.covered = receipt.seq
        return True
