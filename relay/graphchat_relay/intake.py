"""What a request leaves unread: taken in a bounded way, so that its answer can leave.

A server hands bodies over in a bounded queue. An answer to a request that nobody reads would meet
that queue full, and its connection would wait for ever.
"""

import asyncio
from collections.abc import MutableMapping
from typing import Any, Final

from graphchat.wire.limits import BODY
from graphchat_relay.buckets import Bucket
from graphchat_relay.ledger import Ledger
from graphchat_relay.line import FAREWELL, AsgiReceive, AsgiSend
from graphchat_relay.underneath import abort

# Seconds and bytes that a body which nobody wants may take before its answer closes.
PATIENCE: Final = 5.0
UNWANTED: Final = 2 * BODY
# Seconds in which the server has to notice that the answer was the last.
END: Final = 1.0
# Seconds that somebody who was evicted waits for the answer.
EVICTED: Final = 3.0
# Seconds that a refusal waits while there are too many of them.
REFUSED: Final = 1.0


class Intake:
    """One request over ``receive`` and ``send``, and how much of it was read."""

    __slots__ = (
        "_alone",
        "_closing",
        "_evicted",
        "_ledger",
        "_limit",
        "_receive",
        "_send",
        "_sending",
        "_timer",
        "finished",
        "held",
        "refusals",
    )

    def __init__(
        self,
        receive: AsgiReceive,
        send: AsgiSend,
        ledger: Ledger,
        *,
        alone: bool = True,
    ) -> None:
        """``alone``: its connection carries no other request, and ends with a bad one."""
        self._ledger = ledger
        self._alone = alone
        self._receive = receive
        self._send = send
        self._closing = False
        self._sending = False
        self._evicted = False
        self._limit: asyncio.Timeout | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.finished = False
        self.held = 0
        """Bytes of its body that were read, and of its answer that were not taken."""
        self.refusals: Bucket | None = None
        """How many may be refused at once, and how fast more."""

    @property
    def waits(self) -> bool:
        """Tell whether the relay waits for the peer, to say more or to take its answer."""
        return (self._limit is not None or self._sending) and not self._evicted

    def evict(self) -> None:
        """End it, because others need its place."""
        self._evicted = True
        if self._limit is not None:
            self._limit.reschedule(0)
        if self._sending:
            self.abort()
            return
        # Who takes no answer learns no reason.
        self._timer = asyncio.get_running_loop().call_later(EVICTED + FAREWELL, self.abort)

    def abort(self) -> None:
        """Break its connection, unless that carries others."""
        if self._alone:
            abort(self._send)

    def release(self) -> None:
        """Forget it: it has ended."""
        self._hold(-self.held)
        if self._timer is not None:
            self._timer.cancel()

    async def receive(self) -> Any:
        """Return the next event. Raises `TimeoutError` if others need the place of the request."""
        if self._evicted:
            raise TimeoutError
        try:
            async with asyncio.timeout(None) as self._limit:
                event = await self._receive()
        finally:
            self._limit = None
        self._hold(len(event.get("body", b"")))
        if event["type"] != "http.request" or not event.get("more_body", False):
            self.finished = True
        return event

    async def send(self, event: MutableMapping[str, Any]) -> None:
        """Send it; take what is left of the request first, and while the answer ends."""
        if event["type"] == "http.response.start" and 400 <= event["status"] < 500:
            await self._slow_down()
        if event["type"] == "http.response.start" and not self.finished:
            await self._take(UNWANTED)
            if not self.finished:
                self._closing = True
                # RFC 9113, section 8.2.2: HTTP/2 has no such header.
                close = [(b"connection", b"close")] if self._alone else []
                event["headers"] = [*event.get("headers", ()), *close]
        size = len(event.get("body", b""))
        self._hold(size)
        self._sending = True
        try:
            await self._answer(event)
        finally:
            self._sending = False
            self._hold(-size)

    async def _answer(self, event: MutableMapping[str, Any]) -> None:
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

    async def _slow_down(self) -> None:
        """Let a refusal wait that is one of a flood; if others need its place, it goes at once.

        Who was evicted has no place any more, and would only come back the sooner.
        """
        if self._evicted:
            self._hold(-self.held)
            await asyncio.sleep(EVICTED)
            return
        if self.refusals is None or self.refusals.take():
            return
        try:
            async with asyncio.timeout(REFUSED) as self._limit:
                await asyncio.get_running_loop().create_future()
        except TimeoutError:
            pass
        finally:
            self._limit = None

    def _hold(self, count: int) -> None:
        self.held += count
        self._ledger.hold(count)

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
