"""A bad network on loopback: a TCP proxy before a relay that cuts, delays and goes silent."""

import asyncio
from contextlib import suppress
from typing import Final, Self, final
from urllib.parse import urlsplit, urlunsplit

from graphchat.wire.uri import RelayAddress

_CHUNK: Final = 64 * 1024


@final
class FaultProxy:
    """Connections through `relay` reach the given one, as well as the network lets them.

    Use it as ``async with FaultProxy(relay) as proxy``. It looks into nothing, so TLS goes
    through, too.
    """

    def __init__(self, relay: RelayAddress) -> None:
        self._behind = relay
        self._flow = asyncio.Event()
        self._flow.set()
        self._server: asyncio.Server | None = None
        self._own_port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.delay = 0.0
        """Seconds for which each piece of data is held, in both directions."""
        self.accepted = 0
        """Connections so far."""
        self.sent = 0
        """Bytes from clients so far."""

    @property
    def relay(self) -> RelayAddress:
        """The address of the relay by way of this proxy."""
        parts = urlsplit(self._behind.base)
        base = urlunsplit(parts._replace(netloc=f"127.0.0.1:{self._own_port}"))
        return RelayAddress(base, self._behind.fingerprint, self._behind.token)

    async def __aenter__(self) -> Self:
        await self.accept()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.cut()  # those whose task was cancelled before it began
        await asyncio.sleep(0)  # transports close in the next turn of the loop

    async def accept(self) -> None:
        """Take connections again after `refuse`, at the same port."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._own_port)
            self._own_port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Cut all connections and refuse new ones, as if the relay were down."""
        if self._server is not None:
            self._server.close()
            self.cut()
            await self._server.wait_closed()
            self._server = None

    def cut(self) -> None:
        """Break all connections at once; new ones are taken."""
        for writer in self._writers:
            writer.transport.abort()

    def move(self, relay: RelayAddress) -> None:
        """Lead new connections to another place, as if the relay had moved there."""
        self._behind = relay

    def silence(self) -> None:
        """Keep connections open, take new ones, and let nothing through."""
        self._flow.clear()

    def heal(self) -> None:
        """Let through what was held back since `silence`, and everything after it."""
        self._flow.set()

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: asyncio complains if one that it made is cancelled.
        self.accepted += 1
        self._writers.add(writer)
        task = asyncio.create_task(self._through(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parts = urlsplit(self._behind.base)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        try:
            far_reader, far_writer = await asyncio.open_connection(parts.hostname, port)
        except OSError:
            writer.transport.abort()
            self._close(writer)
            return
        self._writers.add(far_writer)
        pumps = [
            asyncio.create_task(self._pump(reader, far_writer, counts=True)),
            asyncio.create_task(self._pump(far_reader, writer, counts=False)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            self._close(writer, far_writer)

    def _close(self, *writers: asyncio.StreamWriter) -> None:
        for writer in writers:
            writer.close()
            self._writers.discard(writer)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counts: bool
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._flow.wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                self.sent += len(data) if counts else 0
                writer.write(data)
                await writer.drain()
