"""A line over a transport itself, without a server in between."""

import asyncio
from collections.abc import Callable
from typing import Final

from graphchat.wire.limits import FRAME
from graphchat_relay.line import FAREWELL, Receiver, Waiting
from graphchat_relay.rfc6455 import Close, FrameError, Opcode, Parser, Ping, frame

# Seconds in which a message that has begun has to be complete.
UNFINISHED: Final = 60.0
# Bytes that a peer has to take in the time in which it must not take nothing.
LITTLE: Final = 4096


class DirectLine(asyncio.BufferedProtocol):
    """One WebSocket over ``transport``, which was that of the protocol ``former``.

    That one is told when the connection is lost; ``ended`` is called when no more will be said.
    All lines of one loop may read into the same ``inbound``: nothing is left there between two
    calls, and a buffer for each read costs more than what is done with most messages.
    """

    __slots__ = (
        "_ended",
        "_failure",
        "_former",
        "_inbound",
        "_is_over",
        "_parser",
        "_pong",
        "_receiver",
        "_said",
        "_stall",
        "_timer",
        "_transport",
        "_turn",
        "_waiting",
        "held",
        "writable",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        former: asyncio.BaseProtocol,
        inbound: memoryview,
        ended: Callable[[], None],
    ) -> None:
        self._transport = transport
        self._former = former
        self._inbound = inbound
        self._ended = ended
        self._parser = Parser(FRAME)
        self._receiver: Receiver | None = None
        # What serves has nothing to do but to wait for one of these two.
        self._waiting: Waiting | None = None
        self._is_over = False
        self._turn: asyncio.Future[None] | None = None
        self._failure: Exception | None = None
        # We said that we go: what comes now is not done any more.
        self._said = False
        self._pong: bytes | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self.writable = True
        self.held = 0

    @property
    def broken(self) -> bool:
        return self._transport.is_closing()

    async def serve(self, receiver: Receiver) -> None:
        self._receiver = receiver
        if not self.writable:
            self._watch_stall()
        self._hear()
        try:
            while True:
                if self._failure is not None:
                    raise self._failure
                if self._waiting is not None:
                    await self._waiting
                    self._waiting = None
                    # Who was told to go meanwhile is heard no more: that would cost as much.
                    if not self._is_over and not self._said:
                        self._transport.resume_reading()
                    self._hear()
                elif self._is_over:
                    self._ended()
                    return
                else:
                    self._turn = asyncio.get_running_loop().create_future()
                    await self._turn
        finally:
            if self._waiting is not None:
                self._waiting.close()
            self._parser.clear()
            self._count(receiver)
            self._cancel()
            receiver.lost()

    def write(self, frame_: str | bytes) -> None:
        if isinstance(frame_, str):
            self._transport.write(frame(Opcode.TEXT, frame_.encode()))
        else:
            self._transport.write(frame(Opcode.BINARY, frame_))

    async def close(self, code: int) -> None:
        self._say_close(code.to_bytes(2))

    def abort(self) -> None:
        self._parser.clear()
        self._transport.abort()

    # What the transport says.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Know of it already: it was made for another."""

    def feed(self, data: bytes) -> None:
        """Take what came before this was the protocol."""
        self._parser.feed(data)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._inbound

    def buffer_updated(self, nbytes: int) -> None:
        self._parser.feed(self._inbound[:nbytes])
        if self._receiver is not None and self._waiting is None:
            self._hear()

    def eof_received(self) -> None:
        """Let the transport close: who says no more hears no more."""

    def pause_writing(self) -> None:
        self.writable = False
        if self._stall is None:
            self._watch_stall()

    def resume_writing(self) -> None:
        if self._said or self._is_over:
            return
        self.writable = True
        self._watched()
        if self._pong is not None:
            pong, self._pong = self._pong, None
            self._transport.write(frame(Opcode.PONG, pong))
        if self._receiver is not None:
            self._receiver.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        self._watched()
        # Not with the reason: nobody there would take it.
        self._former.connection_lost(None)

    # What the peer says.

    def _hear(self) -> None:
        """Do what has come, as far as nothing has to be waited for."""
        heard = False
        try:
            while self._waiting is None and (event := self._parser.next()) is not None:
                if isinstance(event, str | bytes):
                    heard = True
                    self._take(event)
                elif isinstance(event, Ping):
                    self._answer(event.payload)
                else:
                    self._part(event)
        except FrameError as error:
            self._say_close(int(error.code).to_bytes(2))
        except Exception as error:  # noqa: BLE001 - it is raised where such errors are reported
            self._failure = error
            self._wake()
        self._watch(heard=heard)

    def _take(self, message: str | bytes) -> None:
        if self._said or self._receiver is None:
            return
        self._waiting = self._receiver.take(message)
        if self._waiting is not None:
            self._transport.pause_reading()
            self._wake()

    def _answer(self, payload: bytes) -> None:
        if self.writable:
            self._transport.write(frame(Opcode.PONG, payload))
        else:
            # Section 5.5.3: only the latest needs an answer.
            self._pong = payload

    def _part(self, event: Close) -> None:
        if not self._said:
            self._transport.write(frame(Opcode.CLOSE, event.payload))
        self._transport.close()
        self._end()

    def _say_close(self, payload: bytes) -> None:
        """Say that we go, then hear nothing but the answer, for a moment."""
        if self._said or self._is_over:
            return
        self._transport.write(frame(Opcode.CLOSE, payload))
        self._said, self.writable = True, False
        self._cancel()
        # Closing at once with something unread would reset the connection under these bytes.
        self._timer = asyncio.get_running_loop().call_later(FAREWELL, self._transport.abort)
        if self._receiver is not None:
            self._receiver.lost()

    # How it ends.

    def _end(self) -> None:
        self.writable, self._is_over = False, True
        self._pong = None
        self._cancel()
        if self._receiver is not None:
            self._receiver.lost()
        self._wake()

    def _wake(self) -> None:
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(None)

    def _watch(self, *, heard: bool) -> None:
        """Give up a message that has begun and does not end."""
        if self._receiver is not None:
            self._count(self._receiver)
        if self._said or self._is_over:
            return
        if heard or not self._parser.unfinished:
            self._cancel()
        if self._timer is None and self._parser.unfinished:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(UNFINISHED, self._transport.abort)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _count(self, receiver: Receiver) -> None:
        """Let be known what is held of a message that is coming in."""
        held = self._parser.held
        if held != self.held:
            receiver.hold(held - self.held)
            self.held = held

    def _watch_stall(self) -> None:
        """Look after a while whether the peer has taken anything."""
        if self._receiver is not None and not self._is_over:
            left = self._transport.get_write_buffer_size()
            loop = asyncio.get_running_loop()
            self._stall = loop.call_later(self._receiver.patience, self._look, left)

    def _look(self, left: int) -> None:
        """Who takes less than a little is as good as one who takes nothing."""
        self._stall = None
        if self._receiver is not None and self._transport.get_write_buffer_size() > left - LITTLE:
            self._receiver.stalled()
        else:
            self._watch_stall()

    def _watched(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
