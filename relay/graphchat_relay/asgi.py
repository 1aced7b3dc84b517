"""A line as every ASGI server offers it."""

import asyncio
from contextlib import suppress
from typing import Any, Final

from graphchat_relay.line import FAREWELL, AsgiReceive, AsgiSend, Receiver
from graphchat_relay.underneath import MessageBuffer, abort, transport_of

MESSAGE: Final = "websocket.receive"


class AsgiLine:
    """One WebSocket over ``receive`` and ``send``."""

    __slots__ = ("_buffer", "_receive", "_receiver", "_said", "_send", "_task")

    def __init__(
        self, receive: AsgiReceive, send: AsgiSend, buffer: MessageBuffer | None = None
    ) -> None:
        """``buffer`` is where what comes in waits, if it is known."""
        self._buffer = buffer
        self._receive = receive
        self._send = send
        self._receiver: Receiver | None = None
        self._task: asyncio.Task[None] | None = None
        # We said that we go: what comes now is not done any more.
        self._said = False

    @property
    def writable(self) -> bool:
        return self._task is None

    @property
    def held(self) -> int:
        return 0 if self._buffer is None else self._buffer.held

    @property
    def broken(self) -> bool:
        transport = transport_of(self._send)
        return transport is not None and transport.is_closing()

    async def serve(self, receiver: Receiver) -> None:
        self._receiver = receiver
        if self._buffer is not None:
            self._buffer.tell(receiver.hold)
        try:
            while not self._said and (event := await self._receive())["type"] == MESSAGE:
                data = event.get("bytes")
                if self._buffer is not None:
                    self._buffer.taken()
                waiting = receiver.take(event["text"] if data is None else data)
                if waiting is not None:
                    await waiting
            if self._said:
                await self._part()
        finally:
            if self._buffer is not None:
                self._buffer.end()
            receiver.lost()
            await self._end()

    def write(self, frame: str | bytes) -> None:
        self._task = asyncio.get_running_loop().create_task(self._write(frame))

    async def close(self, code: int) -> None:
        self._said = True
        try:
            async with asyncio.timeout(FAREWELL):
                await self._send({"type": "websocket.close", "code": code})
        except OSError:  # a timeout, too; or it has gone by itself
            self.abort()

    def abort(self) -> None:
        abort(self._send)

    async def _write(self, frame: str | bytes) -> None:
        event: dict[str, Any] = {"type": "websocket.send"}
        event["text" if isinstance(frame, str) else "bytes"] = frame
        try:
            # By HTTP/2 a peer may take nothing, and the kernel sees nothing of it.
            async with asyncio.timeout(
                None if self._receiver is None else self._receiver.patience
            ):
                await self._send(event)
        except OSError as error:  # the peer has gone; the reader will notice
            self._task = None
            if self._receiver is not None:
                if isinstance(error, TimeoutError):
                    self._receiver.stalled()
                self._receiver.lost()
            return
        self._task = None
        if self._receiver is not None:
            self._receiver.resume()

    async def _part(self) -> None:
        """Hear nothing but the answer, for a moment: an end with something unread is a reset."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL):
                while (await self._receive())["type"] == MESSAGE:
                    pass

    async def _end(self) -> None:
        """End what is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
