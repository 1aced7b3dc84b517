"""The REST face of a relay: parse, call the service, answer. Nothing is decided here."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from math import ceil
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from graphchat.clock import Clock
from graphchat.errors import QuotaError, RateError, StoreError, UnauthorizedError
from graphchat.wire import rest as wire
from graphchat.wire.base64url import to_text
from graphchat.wire.codec import InvalidObjectError
from graphchat.wire.limits import BODY, INLINE, PAGE, SIZES
from graphchat.wire.signing import SCHEME
from graphchat_relay.auth import Proof, Shown, request_proof
from graphchat_relay.service.queues import Entry, LiveQueue, Refusal
from graphchat_relay.service.relay import Relay
from graphchat_relay.site import Site

SMALL: Final = 1024
"""Bytes of a body that holds one key."""
# RFC 9110, 11.6.1: whoever says 401 names a scheme.
CHALLENGE: Final = SCHEME.strip()
Endpoint = Callable[[Request], Awaitable[Response]]


def answer(body: bytes, status: int = 200, **headers: str) -> Response:
    shown = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(body, status, shown, media_type="application/json")


class Rest:
    def __init__(self, relay: Callable[[], Relay], site: Site, clock: Clock) -> None:
        self._running = relay
        self._site = site
        self._clock = clock

    @property
    def _relay(self) -> Relay:
        return self._running()

    def routes(self) -> list[Route]:
        path = self._site.path
        found = [
            Route(path, self._queue, methods=["POST"]),
            Route(path + "/{name}", self._queue, methods=["POST", "PUT", "DELETE"]),
            Route(path + "/{name}/messages", self._messages, methods=["GET", "POST"]),
            Route(path + "/{name}/messages/{id}", self._message, methods=["GET", "DELETE"]),
        ]
        for route in found:
            # Starlette adds it to every GET; the protocol does not have it.
            (route.methods or set()).discard("HEAD")
        return found

    async def _queue(self, request: Request) -> Response:
        _no_query(request)
        match request.method:
            case "POST":
                return await self._create(request)
            case "PUT":
                return await self._secure(request)
            case _:
                return await self._remove(request)

    async def _messages(self, request: Request) -> Response:
        if request.method == "GET":
            return await self._list(request)
        _no_query(request)
        return await self._send(request)

    async def _message(self, request: Request) -> Response:
        _no_query(request)
        return await (self._get(request) if request.method == "GET" else self._delete(request))

    async def _create(self, request: Request) -> Response:
        """``POST <create>``."""
        body = await self._body(request, SMALL)
        key = wire.decode(wire.CreateQueue, body).recipient
        token = request.path_params.get("name")
        base = self._site.base(request.url.scheme, request.headers.get("host", ""))
        proof, ticket = self._proof(request, body), self._site.ticket(token)
        recipient, sender = await self._relay.create(key, proof, ticket=ticket)
        uris = (f"{base}/{to_text(name)}" for name in (recipient, sender))
        return answer(wire.encode(wire.CreatedQueue(*uris)), 201)

    async def _secure(self, request: Request) -> Response:
        """``PUT <RU>``."""
        body = await self._body(request, SMALL)
        key = wire.decode(wire.SecureQueue, body).sender
        async with self._opened(request, body) as queue:
            await self._relay.secure(queue, key)
        return answer(wire.OK)

    async def _remove(self, request: Request) -> Response:
        """``DELETE <RU>``."""
        async with self._opened(request, await self._body(request, 0)) as queue:
            await self._relay.remove(queue)
        return answer(wire.OK)

    async def _list(self, request: Request) -> Response:
        """``GET <RU>/messages``."""
        start = _start(request)
        async with self._opened(request, await self._body(request, 0)) as queue:
            entries = self._relay.readable(queue)
            names = [entry.id for entry in entries]
            first = names.index(start) if start in names else 0
            page = entries[first : first + PAGE]
            bodies = await self._relay.bodies([e for e in page if e.size <= INLINE])
            messages = [_shown(e, bodies.get(e.id, b"")) for e in page]
        # What was deleted while we read is left out, rather than shown without its body.
        messages = [m for m in messages if m.msg or m.size > INLINE]
        following = names[first + PAGE] if len(names) > first + PAGE else ""
        return answer(wire.encode(wire.MessageList(messages, following)))

    async def _get(self, request: Request) -> Response:
        """``GET <RU>/messages/<id>``."""
        async with self._opened(request, await self._body(request, 0)) as queue:
            name = request.path_params["id"]
            entries = [entry for entry in self._relay.readable(queue) if entry.id == name]
            bodies = await self._relay.bodies(entries)
            if name not in bodies:
                raise UnauthorizedError
            return answer(wire.encode(_shown(entries[0], bodies[name])))

    async def _delete(self, request: Request) -> Response:
        """``DELETE <RU>/messages/<id>``."""
        async with self._opened(request, await self._body(request, 0)) as queue:
            done = _Done()
            self._relay.delete([(queue, request.path_params["id"], "", done)])
            await done.wait()
        return answer(wire.OK)

    async def _send(self, request: Request) -> Response:
        """``POST <SU>/messages``."""
        body = await self._body(request, BODY)
        msg = wire.decode(wire.SendMessage, body).msg
        if len(msg) not in SIZES:
            raise InvalidObjectError("/msg")
        proof = self._proof(request, body)
        [queue] = await self._relay.senders([proof])
        if queue is None:
            raise UnauthorizedError
        try:
            done = _Done()
            self._relay.send([(queue, proof.nonce, msg, done, bool(proof.signature))])
            await done.wait()
        finally:
            self._relay.release(queue)
        return answer(wire.OK)

    @asynccontextmanager
    async def _opened(self, request: Request, body: bytes) -> AsyncIterator[LiveQueue]:
        """Open a queue to its recipient. Raises `UnauthorizedError`."""
        [queue] = await self._relay.recipients([self._proof(request, body)])
        if queue is None:
            raise UnauthorizedError
        try:
            yield queue
        finally:
            self._relay.release(queue)

    async def _body(self, request: Request, limit: int) -> bytes:
        """Read at most ``limit`` bytes. Raises `InvalidObjectError`, `HTTPException` if slow."""
        found = bytearray()
        try:
            async with asyncio.timeout(self._relay.limits.request_seconds):
                async for part in request.stream():
                    found += part
                    if len(found) > limit:
                        raise InvalidObjectError("", f"the body is longer than {limit} bytes")
        except TimeoutError:
            raise HTTPException(408) from None
        return bytes(found)

    def _proof(self, request: Request, body: bytes) -> Proof:
        target = request.scope["raw_path"].decode("ascii", "replace")
        if query := request.scope["query_string"]:
            target += "?" + query.decode("ascii", "replace")
        shown = Shown(request.method, target, request.headers.get("authorization"), body)
        name = request.path_params.get("name", "")
        return request_proof(self._clock, self._site.fingerprint, name, shown)


class _Done:
    """Waits for the service to call back."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[Refusal] = asyncio.get_running_loop().create_future()

    def __call__(self, name: str, refusal: Refusal) -> None:
        if not self._answer.done():  # the client may have gone
            self._answer.set_result(refusal)

    async def wait(self) -> None:
        match await self._answer:
            case "":
                return
            case "quota":
                raise QuotaError
            case "unauthorized":
                raise UnauthorizedError
            case _:
                raise StoreError


def _no_query(request: Request) -> None:
    for name in request.query_params:
        raise InvalidObjectError(_pointer(name), "this parameter is not defined here")


def _start(request: Request) -> str:
    """Return the parameter of a list."""
    found = request.query_params.multi_items()
    for name, value in found:
        if name != "fromMessageId" or not value or len(found) > 1:
            raise InvalidObjectError(_pointer(name), "fromMessageId is the one parameter here")
        return value
    return ""


def _pointer(name: str) -> str:
    return ("/" + name.replace("~", "~0").replace("/", "~1"))[:200]


def _shown(entry: Entry, msg: bytes) -> wire.Message:
    return wire.Message(entry.id, entry.ts, entry.size, msg)


async def refuse(request: Request, error: Exception) -> Response:
    """Turn a refusal into its status. One body for everything that is not allowed."""
    match error:
        case UnauthorizedError():
            return answer(wire.UNAUTHORIZED, 401, www_authenticate=CHALLENGE)
        case QuotaError():
            return answer(wire.QUOTA, 429)
        case RateError():
            return answer(
                wire.encode(wire.Refusal("rate")), 429, retry_after=str(ceil(error.retry_after))
            )
        case InvalidObjectError():
            body = wire.Refusal(error.pointer, error.reason)
            return answer(wire.encode(body), 400)
        case _:
            return answer(wire.encode(wire.Refusal("busy")), 503, retry_after="5")


REFUSALS: Final = (
    UnauthorizedError,
    QuotaError,
    RateError,
    InvalidObjectError,
    StoreError,
    ClientDisconnect,
)
