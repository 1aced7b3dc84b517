"""The relay's service behind a bare TCP server: what a message costs without HTTP and WebSocket.

A frame is its length in four bytes, one that tells text from binary, and the frame. Queues are
there from the start: ``python -m tests.bench._bare STORE COUNT`` prints its port.
"""

import asyncio
import struct
import sys
from hashlib import sha256
from typing import Final

from graphchat.clock import SystemClock
from graphchat.crypto.keys import SigningKey
from graphchat.ids import QueueId
from graphchat.secret import Secret
from graphchat.wire.base64url import to_text
from graphchat.wire.signing import NONCE_BYTES
from graphchat_relay.gate import INBOUND
from graphchat_relay.limits import Limits
from graphchat_relay.line import Receiver, Waiting
from graphchat_relay.pace import Pace
from graphchat_relay.service.relay import Relay
from graphchat_relay.site import Site
from graphchat_relay.socket import Socket
from graphchat_relay.store import QueueRow
from graphchat_relay.store.opening import open_store

HEAD: Final = struct.Struct(">IB")
IDENTITY: Final = SigningKey(Secret(bytes(31) + b"i"))
RECIPIENT: Final = SigningKey(Secret(bytes(32)))
SENDER: Final = SigningKey(Secret(bytes(31) + b"s"))
CLOCK: Final = SystemClock()
ROOMY: Final = Limits(
    quota_messages=4096, quota_bytes=100_000_000, objects_per_second=1e6, objects_burst=1_000_000
)


def queue_id(kind: str, number: int) -> QueueId:
    return QueueId(sha256(f"{kind} {number}".encode()).digest()[:18])


def queue_uri(kind: str, number: int) -> str:
    return f"http://bare/q/{to_text(queue_id(kind, number))}"


class BareLine(asyncio.BufferedProtocol):
    """A `graphchat_relay.line.Line` with nothing in between."""

    def __init__(self, relay: Relay, site: Site, inbound: memoryview) -> None:
        self._relay = relay
        self._inbound = inbound
        self._site = site
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._receiver: Receiver | None = None
        self._waiting: Waiting | None = None
        self._over = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.writable = True
        self.broken = False
        self.held = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        nonce = CLOCK.random(NONCE_BYTES)
        self._start(Socket(self._relay, self._site, nonce, self, Pace(CLOCK, ROOMY)).run())

    def _start(self, work: Waiting) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def serve(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._hear()
        await self._over.wait()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._inbound

    def buffer_updated(self, nbytes: int) -> None:
        self._buffer += self._inbound[:nbytes]
        self._hear()

    def _hear(self) -> None:
        while self._receiver is not None and self._waiting is None and len(self._buffer) >= 5:
            length, is_text = HEAD.unpack_from(self._buffer)
            if len(self._buffer) < 5 + length:
                return
            frame = bytes(self._buffer[5 : 5 + length])
            del self._buffer[: 5 + length]
            self._waiting = self._receiver.take(frame.decode() if is_text else frame)
            if self._waiting is not None:
                self._start(self._wait(self._waiting))

    async def _wait(self, waiting: Waiting) -> None:
        await waiting
        self._waiting = None
        self._hear()

    def write(self, frame: str | bytes) -> None:
        assert self._transport is not None
        data = frame.encode() if isinstance(frame, str) else frame
        self._transport.write(HEAD.pack(len(data), isinstance(frame, str)) + data)

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True
        if self._receiver is not None:
            self._receiver.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        self.broken, self.writable = True, False
        self._over.set()

    async def close(self, code: int) -> None:
        self.abort()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


async def main(place: str, count: int) -> None:
    store = await open_store(place)
    for number in range(count):
        recipient, sender = (
            sha256(queue_id(kind, number)).digest() for kind in ("recipient", "sender")
        )
        await store.create(QueueRow(0, recipient, sender, RECIPIENT.public, SENDER.public, 0))
    relay = Relay(store, CLOCK, ROOMY)
    site = Site(IDENTITY.public, "/q", None, None)
    async with relay.running():
        inbound = memoryview(bytearray(INBOUND))
        server = await asyncio.get_running_loop().create_server(
            lambda: BareLine(relay, site, inbound), "127.0.0.1", 0
        )
        print("bare ready", server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - the interface
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
