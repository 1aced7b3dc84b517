"""One end-to-end message before lane encryption, and the hash chain that it belongs to.

docs/protocol.md, section 14.
"""

from enum import IntEnum
from hashlib import sha256
from typing import Annotated, Final

import msgspec

from graphchat.crypto.keys import SIGNATURE, SigningKey, verify
from graphchat.errors import RemoteProtocolError
from graphchat.ids import ConnectionId, MessageId

STREAM_SIZE: Final = 8
MESSAGE_ID_SIZE: Final = 16
NO_HASH: Final = bytes(32)
NO_SIGNATURE: Final = bytes(SIGNATURE)


class Kind(IntEnum):
    """What a frame carries. Only kinds of a stream are numbered and chained."""

    CONTENT = 0
    CONTROL = 1
    RECEIPT = 2
    CHUNK = 3
    COVER = 4
    OFF_RECORD = 5
    """Nobody signs it, in any connection (section 24)."""

    @property
    def in_stream(self) -> bool:
        return self in (Kind.CONTENT, Kind.CONTROL, Kind.CHUNK)


class Frame(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The seven fields that travel, in their order on the wire."""

    kind: Kind
    id: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    stream: Annotated[bytes, msgspec.Meta(min_length=8, max_length=8)]
    seq: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    ts_ms: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    prev: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
    payload: bytes

    @property
    def message_id(self) -> MessageId:
        return MessageId(self.id)


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Frame)


def encode(frame: Frame) -> bytes:
    return _encoder.encode(frame)


def decode(data: bytes) -> Frame:
    """Read one frame; raise `RemoteProtocolError` for anything that the protocol forbids.

    Only the one canonical encoding is accepted: what is hashed is what was written. Its time is
    what its author's clock said, and may be anything: a frame that is refused for a wrong clock
    would hold up all that follow it.
    """
    try:
        frame = _decoder.decode(data)
    except (msgspec.DecodeError, RecursionError):
        raise RemoteProtocolError("a frame is malformed") from None
    if _encoder.encode(frame) != data:
        raise RemoteProtocolError("a frame is not in its canonical form")
    if frame.kind.in_stream != (frame.seq > 0):
        raise RemoteProtocolError("a frame has a number that its kind does not have")
    if frame.kind.in_stream is False and frame.prev != NO_HASH:
        raise RemoteProtocolError("a frame outside of the stream names a predecessor")
    return frame


def first_hash(cid: ConnectionId, stream: bytes) -> bytes:
    """Return ``h_0`` of a stream."""
    return sha256(b"gc/1 stream" + cid + stream).digest()


def next_hash(previous: bytes, frame: bytes) -> bytes:
    """Return ``h_k`` from ``h_{k-1}`` and the encoded frame ``k``."""
    return next_link(previous, digest(frame))


def digest(frame: bytes) -> bytes:
    """Return what stands for an encoded frame in its chain, and tells nothing of it.

    Nobody can guess the frame from it: each has 16 random bytes, its message id.
    """
    return sha256(frame).digest()


def next_link(previous: bytes, digest: bytes) -> bytes:
    """Return ``h_k`` from ``h_{k-1}`` and the `digest` of frame ``k``."""
    return sha256(b"gc/1 link" + previous + digest).digest()


def statement(cid: ConnectionId, frame: Frame, data: bytes) -> bytes:
    """Return what the author of an encoded frame signs."""
    if not frame.kind.in_stream:
        return b"gc/1 else" + cid + sha256(data).digest()
    return sent_statement(cid, frame.stream, frame.seq, next_hash(frame.prev, data))


def sign(key: SigningKey | None, cid: ConnectionId, frame: Frame, data: bytes) -> bytes:
    """Sign the encoded frame ``data`` and, through its hash, all before it in its stream.

    None: the connection is private, and the signature empty.
    """
    if key is None or frame.kind is Kind.OFF_RECORD:
        return b""
    return key.sign(statement(cid, frame, data))


def check(
    public: bytes | None, cid: ConnectionId, frame: Frame, data: bytes, signature: bytes
) -> None:
    """Raise `RemoteProtocolError` unless the holder of ``public`` signed this frame.

    None: the connection is private, and nobody may have signed.
    """
    if frame.kind is Kind.OFF_RECORD:
        if signature:
            raise RemoteProtocolError("a frame off the record is signed")
    elif public is None:
        if signature:
            raise RemoteProtocolError("a frame of a private connection is signed")
    elif not verify(public, statement(cid, frame, data), signature):
        raise RemoteProtocolError("a frame is not signed by its author")


def packed_signature(signature: bytes) -> bytes:
    """Return a signature with which a stored row begins: zeros stand for none."""
    return signature or NO_SIGNATURE


def unpacked_signature(row: bytes) -> tuple[bytes, bytes]:
    """Return the signature with which a stored row begins, and the rest of the row."""
    signature, rest = row[:SIGNATURE], row[SIGNATURE:]
    return b"" if signature == NO_SIGNATURE else signature, rest


def sent_statement(cid: ConnectionId, stream: bytes, seq: int, head: bytes) -> bytes:
    """Return what an author signs: frame ``seq`` of ``stream``, and all before it."""
    return b"gc/1 sent" + cid + stream + seq.to_bytes(8, "big") + head


def next_statement(cid: ConnectionId, stream: bytes, from_seq: int, key: bytes) -> bytes:
    """Return what a proof key signs to hand over to ``key``, from a frame of a stream on."""
    return b"gc/1 next" + cid + stream + from_seq.to_bytes(8, "big") + key


def receipt_statement(
    cid: ConnectionId, stream: bytes, seq: int, head: bytes, ts_ms: int
) -> bytes:
    """Return what the receiver signs: all frames of ``stream`` up to ``seq`` are here."""
    return b"gc/1 rcvd" + cid + stream + seq.to_bytes(8, "big") + head + ts_ms.to_bytes(8, "big")
