"""Connections to relays: one place for limits, TLS, proxies, and what is not told to anybody."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final, TypeVar

import aiohttp
from aiohttp_socks import ProxyConnector
from yarl import URL

from graphchat.errors import StateError
from graphchat.transport.faults import (
    BROKEN,
    MovedError,
    broken,
    host_of,
    is_certificate_fault,
    no_relay,
    onion,
)
from graphchat.transport.proxy import ProxyAddress
from graphchat.transport.tls import by_key
from graphchat.wire.limits import FRAME
from graphchat.wire.uri import RelayAddress, is_loopback

T = TypeVar("T")

CONNECT: Final = 10.0
"""Seconds to connect in, TLS included."""
CONNECT_BY_PROXY: Final = 30.0
TOTAL: Final = 60.0
"""Seconds for a whole request: the largest envelope needs 18 KiB/s then."""
REQUESTS: Final = 32
"""Requests at once; others wait. Sockets do not count."""
# A relay may close what was idle for 5 seconds: nothing is written at that moment.
KEEP: Final = 4.0
GOODBYE: Final = 0.25
ONION: Final = ".onion"
CLOSED: Final = "The client was closed."
# Nothing that tells programs or versions apart; and nothing compressed: it could be a bomb.
SILENT: Final = ("User-Agent", "Accept", "Accept-Encoding")
_CHUNK: Final = 64 * 1024

_Tls = ssl.SSLContext | bool


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    uri: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    most: int
    """Bytes of the answer that are read."""


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Connections:
    """All connections of one transport.

    ``proxy`` is a URL such as ``socks5h://127.0.0.1:9050``: it also looks names up, and
    everything but loopback goes through it, or nowhere. ``circuit`` keeps these connections apart
    from others by the same proxy. ``authorities`` are trusted instead of the system's. Raises
    `StateError` if the proxy's URL cannot be used.
    """

    def __init__(
        self, proxy: str | None, authorities: ssl.SSLContext | None, circuit: bytes = bytes(32)
    ) -> None:
        self._proxy = None if proxy is None else ProxyAddress.parse(proxy).url(circuit)
        self._authorities = authorities
        self._sessions: dict[str | None, aiohttp.ClientSession] = {}
        # By relay: the kind of TLS that worked last is tried first.
        self._order: dict[RelayAddress, tuple[_Tls, ...]] = {}
        self._slots = asyncio.Semaphore(REQUESTS)
        self.closed = False

    async def ask(self, relay: RelayAddress, request: Request) -> Response:
        """Return the answer to ``request``, whatever its status. Raises `RelayError`."""

        async def attempt(tls: _Tls) -> Response:
            async with self._session(relay).request(
                request.method,
                URL(request.uri, encoded=True),
                headers=request.headers,
                data=BytesIO(request.body) if request.body else None,
                ssl=tls,
                allow_redirects=False,
            ) as answer:
                body = await _limited(relay, answer.content, request.most)
                return Response(answer.status, answer.headers, body)

        async with self._slots:
            return await self._by_tls(relay, attempt)

    async def dial(self, relay: RelayAddress) -> aiohttp.ClientWebSocketResponse:
        """Return a WebSocket on which nothing was said yet. Raises `RelayError`."""

        async def attempt(tls: _Tls) -> aiohttp.ClientWebSocketResponse:
            async with asyncio.timeout(self._seconds(relay)):
                return await self._session(relay).ws_connect(
                    URL(relay.socket_uri, encoded=True),
                    ssl=tls,
                    autoping=False,
                    compress=0,
                    max_msg_size=FRAME,
                    timeout=aiohttp.ClientWSTimeout(ws_close=GOODBYE),
                )

        return await self._by_tls(relay, attempt)

    async def close(self) -> None:
        """Close all, for good: whoever asks later gets a `StateError`."""
        self.closed = True
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    async def _by_tls(self, relay: RelayAddress, attempt: Callable[[_Tls], Awaitable[T]]) -> T:
        """Try by the authorities and, if those do not know the certificate, by the relay's key."""
        kinds = self._order.get(relay) or self._kinds(relay)
        error: BaseException = ssl.SSLCertVerificationError()
        for index, tls in enumerate(kinds):
            try:
                result = await attempt(tls)
            except BROKEN as failed:
                # The cause is cut off: it names URLs and IP addresses.
                if not is_certificate_fault(failed):
                    raise broken(relay, failed) from None
                error = failed
            else:
                self._order[relay] = kinds[index:] + kinds[:index]
                return result
        raise broken(relay, error) from None

    def _kinds(self, relay: RelayAddress) -> tuple[_Tls, ...]:
        if relay.base.startswith("http:"):
            return (True,)  # not used
        if self._authorities is None:
            self._authorities = ssl.create_default_context()
        return self._authorities, by_key(relay.fingerprint)

    def _session(self, relay: RelayAddress) -> aiohttp.ClientSession:
        if self.closed:
            raise StateError(CLOSED)
        proxy = self._proxy_for(relay)
        session = self._sessions.get(proxy)
        if session is None:
            session = self._sessions[proxy] = aiohttp.ClientSession(
                connector=_connector(proxy),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=TOTAL, sock_connect=self._seconds(relay)),
                trust_env=False,
                trace_configs=[_no_redirects()],
                auto_decompress=False,
                skip_auto_headers=SILENT,
            )
        return session

    def _seconds(self, relay: RelayAddress) -> float:
        return CONNECT if self._proxy_for(relay) is None else CONNECT_BY_PROXY

    def _proxy_for(self, relay: RelayAddress) -> str | None:
        # To a proxy, loopback would be another machine.
        host = host_of(relay)
        if is_loopback(host):
            return None
        if self._proxy is None and host.endswith(ONION):
            # To ask a name server for it would tell that somebody wants it.
            raise onion(relay)
        return self._proxy


def _no_redirects() -> aiohttp.TraceConfig:
    # Requests are told not to follow any; for sockets, aiohttp has no such setting.
    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(_refuse)
    return trace


async def _refuse(_: object, __: object, redirect: aiohttp.TraceRequestRedirectParams) -> None:
    redirect.response.close()
    raise MovedError


def _connector(proxy: str | None) -> aiohttp.TCPConnector:
    if proxy is None:
        return aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP)
    return ProxyConnector.from_url(proxy, rdns=True, limit=0, keepalive_timeout=KEEP)


async def _limited(relay: RelayAddress, content: aiohttp.StreamReader, most: int) -> bytes:
    body = bytearray()
    async for chunk in content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > most:
            raise no_relay(relay)
    return bytes(body)
