"""The one place that reaches through ASGI into Hypercorn, for what its interface does not offer.

Everything is guarded: with another server, or another version of it, nothing happens.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from hypercorn.protocol.events import Body, Event
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.protocol.ws_stream import FrameTooLargeError, WSStream
from wsproto.events import Message

from graphchat_relay.line import AsgiSend

# Seconds that a peer has to learn that its message was too long.
FAREWELL: Final = 1.0
# Seconds in which a message that has begun has to be complete.
UNFINISHED: Final = 60.0


def refuse_compression(send: AsgiSend) -> None:
    """Accept no permessage-deflate on the socket that ``send`` belongs to.

    Sealed envelopes do not get smaller, and it would double the cost of a frame.
    """
    handshake = getattr(getattr(send, "__self__", None), "handshake", None)
    if handshake is not None and hasattr(handshake, "extensions"):
        handshake.extensions = None


def is_over(send: AsgiSend) -> bool:
    """Tell whether the server has answered in our place.

    Hypercorn does for a client that does not wait for the end of the handshake, and then tells
    nobody when the connection ends.
    """
    return getattr(getattr(send, "__self__", None), "closed", False) is True


def bound_messages(send: AsgiSend, most: int) -> "MessageBuffer | None":
    """Take messages of at most ``most`` bytes on the socket that ``send`` belongs to.

    Hypercorn counts text in characters, keeps what is too long, and goes on reading.
    """
    stream, transport = getattr(send, "__self__", None), transport_of(send)
    if transport is not None and hasattr(getattr(stream, "buffer", None), "to_message"):
        found = MessageBuffer(transport, most)
        stream.buffer = found  # type: ignore[union-attr] # it has one
        return found
    return None


class MessageBuffer:
    """The message that is coming in: checks before it keeps, and waits for its end only so long.

    Breaks the connection if it is too long or too slow.
    """

    __slots__ = (
        "_broken",
        "_is_text",
        "_most",
        "_on_hold",
        "_parts",
        "_sizes",
        "_timer",
        "_transport",
        "held",
    )

    def __init__(self, transport: asyncio.WriteTransport, most: int) -> None:
        self._transport = transport
        self._most = most
        # Text, too: many short strings would take much more than their bytes.
        self._parts = bytearray()
        self._is_text = False
        self._broken = False
        self._timer: asyncio.TimerHandle | None = None
        self._on_hold: Callable[[int], None] | None = None
        self.held = 0
        """Bytes that have come, and were not taken."""
        self._sizes: deque[int] = deque()

    def tell(self, on_hold: Callable[[int], None]) -> None:
        """Let be known what is held from now on, and of what is held."""
        self._on_hold = on_hold
        on_hold(self.held)

    def taken(self) -> None:
        """Learn that the oldest message is held by another."""
        self._count(-self._sizes.popleft())

    def end(self) -> None:
        """Hold nothing, and tell nobody any more."""
        self._count(-self.held)
        self._on_hold = None
        self._broken = True
        self._parts = bytearray()

    def extend(self, event: Message[Any]) -> None:
        """Take a part. Raises `FrameTooLargeError`, on which Hypercorn says 1009."""
        if not self._broken:
            self._is_text = isinstance(event.data, str)
            part = event.data.encode() if isinstance(event.data, str) else event.data
            if len(self._parts) + len(part) <= self._most:
                self._parts += part
                self._count(len(part))
                self._wait(finished=event.message_finished)
                return
            self._broken = True
            self._count(-len(self._parts))
            self.clear()
            self._break(FAREWELL)
        raise FrameTooLargeError

    def clear(self) -> None:
        self._parts = bytearray()

    def to_message(self) -> dict[str, Any]:
        self._sizes.append(len(self._parts))
        return {
            "type": "websocket.receive",
            "bytes": None if self._is_text else bytes(self._parts),
            "text": self._parts.decode() if self._is_text else None,
        }

    def _count(self, count: int) -> None:
        self.held += count
        if self._on_hold is not None:
            self._on_hold(count)

    def _wait(self, *, finished: bool) -> None:
        if finished and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        elif not finished and self._timer is None:
            self._break(UNFINISHED)

    def _break(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        # It holds the transport only: what has ended leaves nothing big behind.
        self._timer = asyncio.get_running_loop().call_later(seconds, self._transport.abort)


def connection_of(send: AsgiSend) -> object:
    """Return what is the same for all streams of one connection."""
    stream = getattr(send, "__self__", None)
    return getattr(getattr(stream, "send", None), "__self__", None)


def ignore_late_bodies(send: AsgiSend) -> None:
    """Let the HTTP/2 connection of ``send`` go on when a body goes on after its answer.

    Hypercorn looks for the stream, finds none, and fails with all others of the connection.
    """
    protocol = connection_of(send)
    if isinstance(protocol, H2Protocol) and type(protocol.streams) is dict:
        protocol.streams = Streams(protocol)


class Streams(dict[int, HTTPStream | WSStream]):
    """The streams of one HTTP/2 connection: those that were answered take a body, and stop it."""

    def __init__(self, protocol: H2Protocol) -> None:
        super().__init__(protocol.streams)
        self._connection = protocol.connection

    def __missing__(self, number: int) -> "Answered":
        return Answered(self._connection)


class Answered:
    """A stream with nothing more to say."""

    def __init__(self, connection: H2Connection) -> None:
        self._connection = connection

    async def handle(self, event: Event) -> None:
        """Ask the client to send no more (RFC 9113, section 8.1). What still comes is dropped."""
        if isinstance(event, Body):
            with suppress(ProtocolError):  # it has ended by itself
                self._connection.reset_stream(event.stream_id, ErrorCodes.NO_ERROR)


def abort(send: AsgiSend) -> None:
    """Break the connection that ``send`` belongs to, without waiting for its peer."""
    transport = transport_of(send)
    if transport is not None:
        transport.abort()


def transport_of(send: AsgiSend) -> asyncio.WriteTransport | None:
    """Return the transport under a stream, its protocol, and its server."""
    found = getattr(send, "__self__", None)
    for _ in range(2):
        found = getattr(getattr(found, "send", None), "__self__", None)
    transport = getattr(getattr(found, "writer", None), "transport", None)
    return transport if isinstance(transport, asyncio.WriteTransport) else None
