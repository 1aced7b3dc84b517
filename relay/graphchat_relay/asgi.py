"""A line as every ASGI server offers it."""

import asyncio
from typing import Any

from graphchat_relay.line import FAREWELL, STALL, AsgiReceive, AsgiSend, Receiver
from graphchat_relay.underneath import abort, transport_of


class AsgiLine:
    """One WebSocket over ``receive`` and ``send``."""

    __slots__ = ("_receive", "_receiver", "_send", "_task")

    def __init__(self, receive: AsgiReceive, send: AsgiSend) -> None:
        self._receive = receive
        self._send = send
        self._receiver: Receiver | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def writable(self) -> bool:
        return self._task is None

    @property
    def broken(self) -> bool:
        transport = transport_of(self._send)
        return transport is not None and transport.is_closing()

    async def serve(self, receiver: Receiver) -> None:
        self._receiver = receiver
        try:
            while (event := await self._receive())["type"] == "websocket.receive":
                data = event.get("bytes")
                waiting = receiver.take(event["text"] if data is None else data)
                if waiting is not None:
                    await waiting
        finally:
            receiver.lost()
            await self._end()

    def write(self, frame: str | bytes) -> None:
        self._task = asyncio.get_running_loop().create_task(self._write(frame))

    async def close(self, code: int) -> None:
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
            async with asyncio.timeout(STALL):
                await self._send(event)
        except OSError as error:  # the peer has gone; the reader will notice
            if isinstance(error, TimeoutError):
                self.abort()
            self._task = None
            if self._receiver is not None:
                self._receiver.lost()
            return
        self._task = None
        if self._receiver is not None:
            self._receiver.resume()

    async def _end(self) -> None:
        """End what is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
