"""What keeps HTTP/2 within the bounds of HTTP/1.1, where Hypercorn alone would not.

One connection carries many requests there, so each bound that a connection was needs a number:
streams that are open, requests that are under way, and the size of headers.
"""

import asyncio
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, Final

from graphchat_relay.line import AsgiSend, Scope
from graphchat_relay.underneath import abort, connection_of, ignore_late_bodies

STREAMS: Final = 32
"""Streams of one connection that are open at the same time."""
TARGET: Final = 2048
"""Bytes of a path with its query, of every version. Those of this protocol have 300."""
# A stream that its client has reset is open no more, but what it asked for is still done
# (CVE-2023-44487). So there may be a few more requests than streams; a flood of them may not.
UNDER_WAY: Final = 2 * STREAMS


class Connections:
    """Counts the requests of each connection that are under way."""

    def __init__(self) -> None:
        self._counts: dict[object, int] = {}

    def __len__(self) -> int:
        return len(self._counts)

    @contextmanager
    def request(self, send: AsgiSend) -> Iterator[bool]:
        """Hold one more request; tell whether the connection may have it."""
        connection = connection_of(send)
        ignore_late_bodies(send)
        count = self._counts[connection] = self._counts.get(connection, 0) + 1
        try:
            yield count <= UNDER_WAY
        finally:
            self._counts[connection] -= 1
            if not self._counts[connection]:
                del self._counts[connection]


def is_http2(scope: Scope) -> bool:
    return scope.get("http_version", "1.1") not in {"1.0", "1.1"}


def is_upgraded(scope: Scope) -> bool:
    """Tell whether it began as HTTP/1.1 with ``Upgrade: h2c``.

    RFC 9113 has no such upgrade any more, and proxies that hand it on do not see what follows.
    """
    return any(name.lower() == b"http2-settings" for name, _ in scope["headers"])


def has_long_headers(scope: Scope, most: int) -> bool:
    """Count headers as RFC 9113 does, section 6.5.2, whatever version it is."""
    return sum(len(name) + len(value) + 32 for name, value in scope["headers"]) > most


def has_long_target(scope: Scope) -> bool:
    return len(scope["raw_path"]) + len(scope["query_string"]) > TARGET


def patient(answer: AsgiSend, send: AsgiSend, seconds: float) -> AsgiSend:
    """Return ``answer``, which gives up the connection of ``send`` if nobody takes its answer.

    A client of HTTP/2 may open no window for it; the kernel, which ends such peers of HTTP/1.1,
    sees a connection that is well.
    """

    async def sending(event: MutableMapping[str, Any]) -> None:
        try:
            async with asyncio.timeout(seconds):
                await answer(event)
        except TimeoutError:
            abort(send)

    return sending
