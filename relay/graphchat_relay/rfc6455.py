"""Frames of the WebSocket protocol as a server reads and writes them (RFC 6455, section 5).

Bytes in, messages out: it reads no socket and knows no time. It keeps at most one message, and
no more than the limit of it.
"""

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import Final

from websockets.speedups import apply_mask


class Opcode(IntEnum):
    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class Code(IntEnum):
    """Why a connection is failed (section 7.4.1)."""

    PROTOCOL = 1002
    NO_TEXT = 1007
    TOO_LONG = 1009


FINAL: Final = 0x80
MASKED: Final = 0x80
# Section 5.5: what a control frame holds at most.
CONTROL: Final = 125
CONTROLS: Final = frozenset({Opcode.CLOSE, Opcode.PING, Opcode.PONG})
DATA: Final = frozenset({Opcode.CONTINUATION, Opcode.TEXT, Opcode.BINARY})
# Section 7.4: what may be said in a frame; the rest is reserved, or means that nothing was said.
CODES: Final = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})

_SHORT: Final = Struct(">BB")
_MIDDLE: Final = Struct(">BBH")
_LONG: Final = Struct(">BBQ")


class FrameError(Exception):
    """The peer broke the protocol, and its connection has to be failed with this code."""

    def __init__(self, code: Code) -> None:
        super().__init__(int(code))
        self.code = code


@dataclass(frozen=True, slots=True)
class Ping:
    """To be answered with the same bytes."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """The peer goes; nothing follows. To be answered with the same bytes."""

    payload: bytes


Event = str | bytes | Ping | Close
"""A text, a binary message, or what was said about the connection."""


def frame(opcode: Opcode, payload: bytes) -> bytes:
    """Return a frame of a server: one, final, and without a mask."""
    length = len(payload)
    if length < 126:
        return _SHORT.pack(FINAL | opcode, length) + payload
    if length < 65_536:
        return _MIDDLE.pack(FINAL | opcode, 126, length) + payload
    return _LONG.pack(FINAL | opcode, 127, length) + payload


class Parser:
    """Takes bytes as they come, and returns what they say, one event after the other."""

    __slots__ = ("_buffer", "_is_text", "_most", "_over", "_parts")

    def __init__(self, most: int) -> None:
        self._most = most
        self._buffer = bytearray()
        # What there is of a message in fragments. None: there is no such message.
        self._parts: bytearray | None = None
        self._is_text = False
        self._over = False

    @property
    def unfinished(self) -> bool:
        """Tell whether something has begun and not ended."""
        return bool(self._buffer) or self._parts is not None

    @property
    def held(self) -> int:
        """Bytes of it."""
        return len(self._buffer) + (0 if self._parts is None else len(self._parts))

    def feed(self, data: bytes | memoryview) -> None:
        if not self._over:
            self._buffer += data

    def clear(self) -> None:
        """Forget everything, and hear no more."""
        self._over = True
        self._buffer = bytearray()
        self._parts = None

    def next(self) -> Event | None:
        """Return the next event that is complete. Raises `FrameError`, once."""
        try:
            while (found := self._frame()) is not None:
                event = self._event(*found)
                if event is not None:
                    return event
        except FrameError:
            self.clear()
            raise
        return None

    def _frame(self) -> tuple[int, bytes] | None:
        """Return the first byte and the payload of the next frame."""
        buffer = self._buffer
        have = len(buffer)
        if have < 2:
            return None
        first, length, start = buffer[0], buffer[1] & ~MASKED, 6
        opcode = first & ~FINAL
        # A set reserved bit makes it a number that is no opcode.
        if not buffer[1] & MASKED or (opcode not in DATA and opcode not in CONTROLS):
            raise FrameError(Code.PROTOCOL)
        if opcode in CONTROLS:
            if length > CONTROL or not first & FINAL:
                raise FrameError(Code.PROTOCOL)
        elif (opcode == Opcode.CONTINUATION) is (self._parts is None):
            raise FrameError(Code.PROTOCOL)
        if length > 125:
            size = 2 if length == 126 else 8
            if have < 2 + size:
                return None
            length, start = _length(buffer, size), 6 + size
        if opcode in DATA and length + len(self._parts or b"") > self._most:
            raise FrameError(Code.TOO_LONG)
        if have < start + length:
            return None
        return first, self._cut(start, start + length)

    def _cut(self, start: int, end: int) -> bytes:
        """Take a frame out of the buffer; return its payload without the mask in front of it."""
        buffer = self._buffer
        with memoryview(buffer) as view, view[start:end] as payload:
            found = apply_mask(payload, buffer[start - 4 : start])
        del buffer[:end]
        return found

    def _event(self, first: int, payload: bytes) -> Event | None:
        match first & ~FINAL:
            case Opcode.PING:
                return Ping(payload)
            case Opcode.PONG:
                return None
            case Opcode.CLOSE:
                self.clear()
                return _close(payload)
            case Opcode.CONTINUATION:
                assert self._parts is not None
                self._parts += payload
                if not first & FINAL:
                    return None
                payload, self._parts = bytes(self._parts), None
            case opcode:
                self._is_text = opcode == Opcode.TEXT
                if not first & FINAL:
                    self._parts = bytearray(payload)
                    return None
        return _text(payload) if self._is_text else payload


def _length(buffer: bytearray, size: int) -> int:
    length = int.from_bytes(buffer[2 : 2 + size])
    # Section 5.2: in as few bytes as possible, and without the first bit of eight.
    if length < (126 if size == 2 else 65_536) or length >> 63:
        raise FrameError(Code.PROTOCOL)
    return length


def _close(payload: bytes) -> Close:
    if payload:
        if len(payload) < 2 or int.from_bytes(payload[:2]) not in CODES:
            raise FrameError(Code.PROTOCOL)
        _text(payload[2:])
    return Close(payload)


def _text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise FrameError(Code.NO_TEXT) from None
