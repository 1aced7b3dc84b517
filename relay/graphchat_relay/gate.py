"""The outermost layer: what holds for every request, before anybody looks at what it wants."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import suppress
from typing import Any, Final

from graphchat.clock import Clock
from graphchat.wire import rest as wire
from graphchat.wire.limits import FRAME
from graphchat.wire.signing import NONCE_BYTES, SCHEME
from graphchat_relay.asgi import AsgiLine
from graphchat_relay.handover import take_over
from graphchat_relay.line import FAREWELL, AsgiReceive, AsgiSend, Line, Scope
from graphchat_relay.pace import Pace
from graphchat_relay.service.relay import Relay
from graphchat_relay.site import Site
from graphchat_relay.socket import Socket
from graphchat_relay.underneath import abort, bound_messages, is_over, refuse_compression

App = Callable[[Scope, AsgiReceive, AsgiSend], Awaitable[None]]

HEADERS: Final = (
    (b"graph-chat-version", b"1"),
    (b"cache-control", b"no-store"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"graph-chat-version, retry-after"),
)
PREFLIGHT: Final = (
    (b"access-control-allow-methods", b"GET, POST, PUT, DELETE"),
    (b"access-control-allow-headers", b"authorization, content-type"),
    (b"access-control-max-age", b"86400"),
)
UNAUTHORIZED: Final = ((b"www-authenticate", SCHEME.strip().encode()),)
# RFC 6455, 7.4.1 and its registry: the service restarts; come back.
RESTART: Final = 1012
# Bytes that are read from a socket at once.
INBOUND: Final = 256 * 1024


class Sockets:
    """The open sockets of a relay."""

    def __init__(self) -> None:
        self._open: dict[Socket, None] = {}
        self._empty = asyncio.Event()
        self.closing = False

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Socket]:
        return iter(self._open)

    def add(self, socket: Socket) -> None:
        self._open[socket] = None

    def discard(self, socket: Socket) -> None:
        self._open.pop(socket, None)
        if not self._open:
            self._empty.set()

    async def drain(self, spread: float) -> None:
        """Close all of them in random order over ``spread`` seconds, and let them leave."""
        self.closing = True
        found = list(self._open)
        random.shuffle(found)
        async with asyncio.TaskGroup() as tasks:
            for socket in found:
                tasks.create_task(socket.close(RESTART))
                await asyncio.sleep(spread / len(found))
        self._empty.clear()
        if self._open:
            # Who is busy has a moment to read why it has to go, before its connection breaks.
            with suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL):
                    await self._empty.wait()

    def abort(self) -> None:
        """Break them all."""
        for socket in list(self._open):
            socket.abort()


class Gate:
    """ASGI: refuses cookies, sets headers, takes WebSockets; hands everything else on."""

    def __init__(  # noqa: PLR0913 - Starlette passes them one by one
        self,
        app: App,
        *,
        relay: Callable[[], Relay],
        site: Site,
        clock: Clock,
        sockets: Sockets,
        hand_over: Callable[[], bool],
    ) -> None:
        self._app = app
        self._relay = relay
        self._site = site
        self._clock = clock
        self._sockets = sockets
        self._hand_over = hand_over
        self._inbound = memoryview(bytearray(INBOUND))

    async def __call__(self, scope: Scope, receive: AsgiReceive, send: AsgiSend) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif any(name == b"cookie" for name, _ in scope["headers"]):
            await refuse(scope, send, 400, wire.encode(wire.Refusal("Cookie")))
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await refuse(scope, send, 204, b"", PREFLIGHT)
        else:
            await self._app(scope, receive, with_headers(send))

    async def _socket(self, scope: Scope, receive: AsgiReceive, send: AsgiSend) -> None:
        path = self._site.path
        base, _, token = scope["path"].rpartition("/")
        relay = self._relay()
        await receive()  # websocket.connect
        if scope["path"] != path and base != path:
            await refuse(scope, send, 404, b'"Not Found"')
        elif scope["path"] != path and not self._site.welcomes(token):
            await refuse(scope, send, 401, wire.UNAUTHORIZED, UNAUTHORIZED)
        elif self._sockets.closing or len(self._sockets) >= relay.limits.sockets:
            body = wire.encode(wire.Refusal("busy"))
            await refuse(scope, send, 503, body, ((b"retry-after", b"5"),))
        elif is_over(send):
            # It has an answer already, and whoever waits here would wait for ever.
            abort(send)
        else:
            line = await self._accept(receive, send)
            pace = Pace(self._clock, relay.limits)
            socket = Socket(relay, self._site, self._clock.random(NONCE_BYTES), line, pace)
            self._sockets.add(socket)
            try:
                await socket.run()
            finally:
                self._sockets.discard(socket)

    async def _accept(self, receive: AsgiReceive, send: AsgiSend) -> Line:
        refuse_compression(send)
        line: Line | None = take_over(send, self._inbound) if self._hand_over() else None
        if line is None:
            line = AsgiLine(receive, send, bound_messages(send, FRAME))
        await send({"type": "websocket.accept", "headers": list(HEADERS)})
        return line


def with_headers(send: AsgiSend) -> AsgiSend:
    async def sending(event: MutableMapping[str, Any]) -> None:
        if event["type"] == "http.response.start":
            event["headers"] = [*event.get("headers", ()), *HEADERS]
        await send(event)

    return sending


async def refuse(
    scope: Scope,
    send: AsgiSend,
    status: int,
    body: bytes,
    more: tuple[tuple[bytes, bytes], ...] = (),
) -> None:
    """Answer without looking further; works for a WebSocket that is not accepted, too."""
    kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    headers = [(b"content-type", b"application/json"), *HEADERS, *more]
    if scope["type"] == "websocket":
        headers.append((b"connection", b"close"))  # the server does so, and does not say it
    if status != 204:
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": f"{kind}.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.body", "body": body})
