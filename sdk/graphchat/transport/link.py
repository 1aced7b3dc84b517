"""One WebSocket to one relay that connects itself again, with growing pauses in between."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from aiohttp import ClientWebSocketResponse, WSMsgType

from graphchat.crypto.keys import SigningKey
from graphchat.errors import RateError, RelayError, RemoteProtocolError
from graphchat.ids import QueueId
from graphchat.transport.backoff import Backoff
from graphchat.transport.faults import BROKEN, broken, no_relay, slower, unreachable
from graphchat.transport.ports import Listener
from graphchat.transport.sending import Envelope
from graphchat.transport.session import Session, opened
from graphchat.transport.talk import Talk
from graphchat.wire.uri import RelayAddress

# A connection that lasted for this many seconds was a good one.
GOOD: Final = 30.0
# Seconds that the first words may take, and the last: those are a courtesy.
GREETING: Final = 10.0
GOODBYE: Final = 0.25
# Pings in the time of silence after which a connection is given up.
PINGS: Final = 3

Dial = Callable[[], Awaitable[ClientWebSocketResponse]]


@dataclass(slots=True)
class SocketLink:
    """A `graphchat.transport.ports.Link`."""

    relay: RelayAddress
    listener: Listener
    dial: Dial
    """Connects; raises `RelayError`."""
    backoff: Backoff
    silence: float
    """Seconds without a sign of life after which the connection is given up."""
    _wanted: dict[QueueId, SigningKey] = field(init=False, default_factory=dict)
    _talk: Talk | None = field(init=False, default=None)

    @property
    def connected(self) -> bool:
        return self._talk is not None

    def subscribe(self, queue: QueueId, key: SigningKey) -> None:
        self._wanted[queue] = key
        if self._talk:
            self._talk.receiving.subscribe(queue)

    def unsubscribe(self, queue: QueueId) -> None:
        self._wanted.pop(queue, None)
        if self._talk:
            self._talk.receiving.unsubscribe(queue)

    def send(
        self, sender: QueueId, key: SigningKey | None, envelope: bytes, tag: int, request_id: str
    ) -> None:
        if self._talk is None:
            self._answer_soon(tag, unreachable(self.relay, "is not connected. Try again later."))
        elif self._talk.sending.is_full:
            self._answer_soon(tag, slower(self.relay))
        else:
            self._talk.sending.send(Envelope(sender, key, envelope, tag, request_id))

    def delete(self, queue: QueueId, message_id: str) -> None:
        if self._talk:
            self._talk.receiving.delete(queue, message_id)

    async def run(self) -> None:
        time = asyncio.get_running_loop().time
        while True:
            started = time()
            error = await self._connection()
            self.listener.down(self.relay, error)
            if time() - started >= GOOD:
                self.backoff.reset()
            await self._pause(error)

    async def _connection(self) -> RelayError:
        """Connect and stay so; return why it ended."""
        try:
            socket = await self.dial()
        except RelayError as error:
            return error
        try:
            session = await greeting(self.relay, socket)
            return await self._converse(socket, session)
        except RelayError as error:
            return error
        finally:
            await goodbye(socket)

    async def _converse(self, socket: ClientWebSocketResponse, session: Session) -> RelayError:
        line = _Line(socket, self.relay, self.silence)
        talk = Talk(session, self.listener, self._wanted, line.wake, line.time)
        self._talk = talk
        try:
            self.listener.up(self.relay)
            return await line.carry(talk)
        finally:
            self._talk = None
            talk.end(unreachable(self.relay, "broke the connection before it answered."))

    async def _pause(self, error: RelayError) -> None:
        seconds = self.backoff.wait()
        if isinstance(error, RateError):
            seconds = max(seconds, error.retry_after)
        await asyncio.sleep(seconds)

    def _answer_soon(self, tag: int, error: RelayError) -> None:
        # Later, so that who sends is not called back in the middle of it.
        loop = asyncio.get_running_loop()
        loop.call_soon(self.listener.answered, self.relay, tag, error)


class _Line:
    """Carries a talk over a socket: reads, writes, and listens for signs of life."""

    def __init__(
        self, socket: ClientWebSocketResponse, relay: RelayAddress, silence: float
    ) -> None:
        self._socket = socket
        self._relay = relay
        self._silence = silence
        self._written = asyncio.Event()
        self.wake: Final = self._written.set
        self.time: Final = asyncio.get_running_loop().time
        self._heard = self.time()
        self._fault: RelayError | None = None

    async def carry(self, talk: Talk) -> RelayError:
        """Return when the socket is of no more use, and why."""
        async with asyncio.TaskGroup() as tasks:
            helpers = [
                tasks.create_task(self._write(talk)),
                tasks.create_task(self._watch(talk)),
            ]
            error = await self._read(talk)
            for helper in helpers:
                helper.cancel()
        return self._fault or error

    async def _read(self, talk: Talk) -> RelayError:
        while True:
            message = await self._socket.receive()
            self._heard = self.time()
            match message.type:
                case WSMsgType.BINARY | WSMsgType.TEXT:
                    try:
                        talk.hear(message.data)
                    except RemoteProtocolError:
                        return no_relay(self._relay)
                case WSMsgType.PING:
                    await self._say(self._socket.pong(message.data))
                case WSMsgType.PONG:
                    pass
                case _:
                    return unreachable(self._relay, "closed the connection. It is tried again.")

    async def _write(self, talk: Talk) -> None:
        while True:
            await self._written.wait()
            self._written.clear()
            while frame := talk.frame():
                with suppress(*BROKEN):  # reading finds out too, and ends this
                    await self._socket.send_bytes(frame)
                await asyncio.sleep(0)  # writing into an empty buffer lets nobody else run

    async def _watch(self, talk: Talk) -> None:
        while True:
            await asyncio.sleep(self._silence / PINGS)
            if self.time() - self._heard > self._silence or talk.is_stuck():
                self._fault = unreachable(
                    self._relay, "does not answer any more. Check the network."
                )
                await goodbye(self._socket)
                return
            talk.receiving.retry()
            await self._say(self._socket.ping())

    async def _say(self, sign: Awaitable[None]) -> None:
        """Send a sign of life, unless the socket is broken or clogged: then others find out."""
        with suppress(*BROKEN):
            async with asyncio.timeout(self._silence / PINGS):
                await sign


async def greeting(relay: RelayAddress, socket: ClientWebSocketResponse) -> Session:
    """Return the session that the relay opens. Raises `RelayError`."""
    try:
        async with asyncio.timeout(GREETING):
            message = await socket.receive()
            while message.type is WSMsgType.PING:  # a relay may be curious before it greets
                await socket.pong(message.data)
                message = await socket.receive()
    except BROKEN as error:
        raise broken(relay, error) from None
    if message.type is not WSMsgType.TEXT:
        raise no_relay(relay)
    return opened(relay, message.data)


async def goodbye(socket: ClientWebSocketResponse) -> None:
    """Close, but do not insist that the other side answers."""
    with suppress(*BROKEN):
        async with asyncio.timeout(GOODBYE):
            await socket.close()
