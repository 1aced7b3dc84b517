"""What a request leaves unread: taken in a bounded way, so that its answer can leave.

A server hands bodies over in a bounded queue. An answer to a request that nobody reads would meet
that queue full, and its connection would wait for ever.
"""

import asyncio
from collections.abc import MutableMapping
from typing import Any, Final

from graphchat.wire.limits import BODY
from graphchat_relay.line import AsgiReceive, AsgiSend

# Seconds and bytes that a body which nobody wants may take before its answer closes.
PATIENCE: Final = 5.0
UNWANTED: Final = 2 * BODY
# Seconds in which the server has to notice that the answer was the last.
END: Final = 1.0


class Intake:
    """One request over ``receive`` and ``send``, and how much of it was read."""

    __slots__ = ("_closing", "_headers", "_receive", "_send", "finished")

    def __init__(self, receive: AsgiReceive, send: AsgiSend, *, alone: bool = True) -> None:
        """``alone``: its connection carries no other request, and ends with a bad one."""
        # RFC 9113, section 8.2.2: HTTP/2 has no such header.
        self._headers = [(b"connection", b"close")] if alone else []
        self._receive = receive
        self._send = send
        self._closing = False
        self.finished = False

    async def receive(self) -> Any:
        event = await self._receive()
        if event["type"] != "http.request" or not event.get("more_body", False):
            self.finished = True
        return event

    async def send(self, event: MutableMapping[str, Any]) -> None:
        """Send it; take what is left of the request first, and while the answer ends."""
        if event["type"] == "http.response.start" and not self.finished:
            await self._take(UNWANTED)
            if not self.finished:
                self._closing = True
                event["headers"] = [*event.get("headers", ()), *self._headers]
        if not self._closing:
            await self._send(event)
            return
        taking = asyncio.create_task(self._drop())
        try:
            await self._send(event)
            if not event.get("more_body", False) and event["type"] == "http.response.body":
                await asyncio.wait([taking], timeout=END)
        finally:
            taking.cancel()
            await asyncio.wait([taking])

    async def _take(self, most: int) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while not self.finished and most >= 0:
                    most -= len((await self.receive()).get("body", b""))
        except TimeoutError:
            pass

    async def _drop(self) -> None:
        """Make room in the queue until the connection has ended."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
