"""The hand-over: Hypercorn accepts a WebSocket, and its transport goes to a `DirectLine`.

Masks and frames in pure Python, and the layers a message passes between them, were most of what
it cost. Hypercorn neither reads nor writes any more, and waits for the end. Everything is guarded:
with another server, or another version of it, a WebSocket stays where it is.
"""

import asyncio
import socket
from typing import Any, Final

from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.protocol.h11 import H11Protocol, H11WSConnection
from hypercorn.protocol.ws_stream import ASGIWebsocketState, WSStream

from graphchat_relay.direct import DirectLine
from graphchat_relay.line import AsgiReceive, AsgiSend, Waiting

# Seconds that the rehearsal may take.
PATIENCE: Final = 5.0
HELLO: Final = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
MASK: Final = b"\1\2\3\4"
# "abc" in two frames, then a farewell without a code; and what has to come back.
SAID: Final = b"\x02\x81" + MASK + b"`" + b"\x80\x82" + MASK + b"ca" + b"\x88\x80" + MASK
HEARD: Final = b"\x82\x03abc\x88\x00"


def take_over(send: AsgiSend, inbound: memoryview) -> DirectLine | None:
    """Take the connection of a WebSocket that is going to be accepted now. None: it stays ASGI's.

    ``send`` accepts it as always, and then says no more. For ``inbound`` see `DirectLine`.
    """
    stream = getattr(send, "__self__", None)
    protocol = getattr(getattr(stream, "send", None), "__self__", None)
    server = getattr(getattr(protocol, "send", None), "__self__", None)
    if (
        not isinstance(stream, WSStream)
        or not isinstance(protocol, H11Protocol)
        or not isinstance(server, TCPServer)
        or stream.state is not ASGIWebsocketState.HANDSHAKE
        or stream.closed
        or not isinstance(protocol.connection, H11WSConnection)
        or protocol.connection.buffer
    ):
        return None
    transport, reader = server.writer.transport, server.reader
    if not isinstance(transport, asyncio.Transport) or transport.is_closing():
        return None
    former = transport.get_protocol()
    buffered = getattr(reader, "_buffer", None)
    if (
        not isinstance(former, asyncio.StreamReaderProtocol)
        or not isinstance(buffered, bytearray)
        # Something holds up one of both directions, or the peer has gone: not now.
        or any(getattr(part, "_paused", True) for part in (former, reader))
        or getattr(reader, "_eof", True)
    ):
        return None

    def ended() -> None:
        stream.state = ASGIWebsocketState.CLOSED

    line = DirectLine(transport, former, inbound, ended)
    line.feed(bytes(buffered))
    buffered.clear()
    transport.set_protocol(line)
    return line


async def works() -> bool:
    """Rehearse it over a pair of sockets: whether this Hypercorn lets go as it should."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await _rehearse()
    except Exception:  # noqa: BLE001 - whatever it is, it shall not come with a client
        return False


async def _rehearse() -> bool:
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=theirs)
    serving = asyncio.create_task(_serve(*await asyncio.open_connection(sock=ours)))
    try:
        writer.write(HELLO)
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(SAID)
        found = await reader.read()
        await serving
        return head.startswith(b"HTTP/1.1 101 ") and found == HEARD
    finally:
        serving.cancel()
        writer.close()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    config = Config()
    config.errorlog = None
    context, loop = WorkerContext(None), asyncio.get_running_loop()
    app: Any = ASGIWrapper(_echo)  # type: ignore[arg-type] # a narrower idea of ASGI
    await TCPServer(app, loop, config, context, {}, reader, writer)


async def _echo(scope: Any, receive: AsgiReceive, send: AsgiSend) -> None:
    await receive()
    line = take_over(send, memoryview(bytearray(100)))
    if line is not None:
        await send({"type": "websocket.accept"})
        await line.serve(Echo(line))


class Echo:
    """Says what it hears."""

    def __init__(self, line: DirectLine) -> None:
        self._line = line

    def take(self, frame: str | bytes) -> Waiting | None:
        self._line.write(frame)
        return None

    @property
    def patience(self) -> float:
        return PATIENCE

    def resume(self) -> None: ...

    def lost(self) -> None: ...

    def stalled(self) -> None: ...

    def hold(self, count: int) -> None: ...
