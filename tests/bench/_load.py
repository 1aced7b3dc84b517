"""Relay processes, and a load on them that costs little: windowed, in batches."""

import asyncio
import os
import re
import socket
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import (
    AsyncExitStack,
    asynccontextmanager,
)
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Final

import aiohttp
from tests.bench._bare import HEAD, IDENTITY, RECIPIENT, SENDER, queue_uri

from graphchat.clock import SystemClock
from graphchat.crypto.keys import SigningKey
from graphchat.wire import rest
from graphchat.wire.frames import decode_server, encode_binary, encode_text
from graphchat.wire.limits import FRAME, S
from graphchat.wire.signing import Authorization, new_nonce, request_bytes, socket_bytes
from graphchat.wire.socket import (
    Attach,
    ClientObject,
    Deleted,
    DeleteMessage,
    Push,
    Send,
    Sent,
    ServerObject,
    Session,
    Subscribe,
)
from graphchat.wire.uri import RelayAddress, fingerprint

CLOCK: Final = SystemClock()
BODY: Final = bytes(S)
PROGRAM: Final = "from graphchat_relay.cli import app; app()"
CPU: Final = "relay CPU (us a message)"
FIGURE: Final = re.compile(r"^graphchat_relay_(stored|elided)_total (\S+)", re.MULTILINE)
SETTINGS: Final = """
creations_per_second = 100000
quota_messages = 4096
quota_bytes = 100000000
sockets = 20000
queues_per_socket = 20000
objects_per_second = 1000000
objects_burst = 1000000
"""


@dataclass(slots=True)
class Server:
    process: asyncio.subprocess.Process | None
    """None: it is somebody else's."""
    address: RelayAddress
    http: aiohttp.ClientSession
    private: str = ""
    """Where its figures are."""
    made: int = 0
    """Queues of a bare server that are in use."""

    @property
    def is_bare(self) -> bool:
        return self.address.base.startswith("tcp:")

    async def figures(self) -> dict[str, int]:
        """Return what the relay has counted."""
        if not self.private:
            return {}
        async with self.http.get(self.private) as answer:
            found = FIGURE.findall(await answer.text())
        return {name: int(float(value)) for name, value in found}

    def memory(self) -> int:
        """Return the resident memory in KiB."""
        assert self.process is not None
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // 1024

    def cpu(self) -> float:
        """Return the seconds of processor time so far."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text("ascii").rpartition(") ")[2]
        return sum(map(int, fields.split()[11:13])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def started(
    home: Path | None = None,
    port: int = 0,
    store: str | None = None,
    settings: str = SETTINGS,
) -> AsyncIterator[Server]:
    """Run a relay process; it is killed in the end."""
    async with AsyncExitStack() as stack:
        folder = home or Path(stack.enter_context(TemporaryDirectory()))
        config, private = folder / "relay.toml", free_port()
        await asyncio.to_thread(config.write_text, f"{settings}private_port = {private}\n")
        process, http = await stack.enter_async_context(
            _running(
                *("-c", PROGRAM, "serve", "--port", str(port), "--config", str(config)),
                *(("--store", store) if store else ()),
                env={**os.environ, "GRAPHCHAT_HOME": str(folder)},
            )
        )
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        address = RelayAddress.parse(line.removeprefix("relay ready "))
        yield Server(process, address, http, f"http://127.0.0.1:{private}/metrics")


@asynccontextmanager
async def bare(queues: int) -> AsyncIterator[Server]:
    """Run the bare server on SQLite, with so many queues."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        place = str(folder / "relay.db")
        arguments = ("-m", "tests.bench._bare", place, str(queues))
        process, http = await stack.enter_async_context(_running(*arguments, env=None))
        assert process.stdout is not None
        port = (await process.stdout.readline()).decode().rpartition(" ")[2].strip()
        address = RelayAddress(f"tcp://127.0.0.1:{port}", fingerprint(IDENTITY.public))
        yield Server(process, address, http)


@asynccontextmanager
async def _running(
    *arguments: str, env: dict[str, str] | None
) -> AsyncIterator[tuple[asyncio.subprocess.Process, aiohttp.ClientSession]]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=env,
    )
    try:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as http:
            yield process, http
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


async def create(server: Server) -> rest.CreatedQueue:
    if server.is_bare:
        server.made += 1
        names = (queue_uri(kind, server.made - 1) for kind in ("recipient", "sender"))
        return rest.CreatedQueue(*names)
    body = rest.encode(rest.CreateQueue(RECIPIENT.public))
    status, found = await ask(server, "POST", server.address.create_uri, body)
    assert status == 201, status
    queue = rest.decode(rest.CreatedQueue, found)
    body = rest.encode(rest.SecureQueue(SENDER.public))
    status, found = await ask(server, "PUT", queue.recipient_uri, body)
    assert status == 200, status
    return queue


async def ask(server: Server, method: str, uri: str, body: bytes = b"") -> tuple[int, bytes]:
    """Return the status and the body of the answer to a request that a recipient signs."""
    ts, nonce = int(CLOCK.now()), new_nonce(CLOCK)
    path = "/" + uri.split("/", 3)[3]
    signed = request_bytes(method, server.address.fingerprint, path, ts, nonce, body)
    headers = {"Authorization": Authorization(ts, nonce, RECIPIENT.sign(signed)).header}
    data = body or None
    async with server.http.request(method, uri, data=data, headers=headers) as answer:
        return answer.status, await answer.read()


@dataclass(frozen=True, slots=True)
class Heard:
    """What `BareSocket` brings, as aiohttp does."""

    type: aiohttp.WSMsgType
    data: str | bytes


class BareSocket:
    """Speaks to the bare server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send_bytes(self, data: bytes) -> None:
        self._writer.write(HEAD.pack(len(data), 0) + data)
        await self._writer.drain()

    async def send_str(self, data: str) -> None:
        self._writer.write(HEAD.pack(len(data), 1) + data.encode())
        await self._writer.drain()

    async def receive(self) -> Heard:
        length, is_text = HEAD.unpack(await self._reader.readexactly(5))
        data = await self._reader.readexactly(length)
        if is_text:
            return Heard(aiohttp.WSMsgType.TEXT, data.decode())
        return Heard(aiohttp.WSMsgType.BINARY, data)


class Line:
    """A socket, and what is done with what it brings."""

    def __init__(
        self, server: Server, socket: aiohttp.ClientWebSocketResponse | BareSocket
    ) -> None:
        self._server = server
        self.socket = socket
        self.nonce = ""
        self.text = False

    async def say(self, objects: Sequence[ClientObject]) -> None:
        if self.text:
            await self.socket.send_str(encode_text(objects))
        else:
            await self.socket.send_bytes(encode_binary(objects))

    async def read(self, until: Callable[[list[ServerObject]], bool]) -> None:
        """Hand over what comes, a frame at a time, until that returns true."""
        while True:
            frame = await self.socket.receive()
            if frame.type not in {aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT}:
                raise ConnectionError(frame.type)
            if until(decode_server(frame.data)):
                return

    def auth(self, key: SigningKey, uri: str, kind: str) -> bytes:
        return key.sign(socket_bytes(self._server.address.fingerprint, self.nonce, uri, kind))

    async def subscribe(self, *uris: str) -> None:
        for start in range(0, len(uris), 256):
            asked = [
                Subscribe("s", uri, self.auth(RECIPIENT, uri, "subscribe"))
                for uri in uris[start : start + 256]
            ]
            await self.say(asked)

    async def attach(self, uri: str) -> None:
        asked = Attach("a", uri, self.auth(SENDER, uri, "attach"))
        await self.say([asked])
        await self.read(lambda _: True)


async def connect(server: Server) -> Line:
    found: aiohttp.ClientWebSocketResponse | BareSocket
    if not server.is_bare:
        uri = server.address.socket_uri
        found = await server.http.ws_connect(uri, max_msg_size=FRAME, compress=0)
    else:
        port = int(server.address.base.rpartition(":")[2])
        found = BareSocket(*await asyncio.open_connection("127.0.0.1", port, limit=FRAME))
    line = Line(server, found)

    def session(found: list[ServerObject]) -> bool:
        assert isinstance(found[0], Session)
        line.nonce = found[0].nonce
        return True

    await line.read(session)
    return line


@dataclass(slots=True)
class Tally:
    """What a run has brought, in seconds."""

    end: float = 0.0
    sent: int = 0
    deleted: int = 0
    refused: int = 0
    latencies: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Load:
    """What each of some pairs does."""

    pairs: int
    window: int
    """Messages under way."""
    batch: int = 1
    """Messages in a frame."""
    queues: int = 1
    text: bool = False
    """JSON, not MessagePack."""


PAIRS: Final = Load(pairs=100, window=16)


class Pair:
    """A sender and a recipient, each on a socket of its own."""

    def __init__(self, sender: Line, recipient: Line, uris: list[str]) -> None:
        self._sender = sender
        self._recipient = recipient
        self._uris = uris
        self._times: deque[float] = deque()
        self._sent = 0
        self._deleted = 0
        self._stopped = False

    async def talk(self, tally: Tally, load: Load) -> None:
        """Send and receive until the tally's end, and all that was sent is deleted."""
        receiving = asyncio.create_task(self.receive(tally))
        await self.send(tally, load)
        if self._deleted == self._sent:
            # It waits for what has come already.
            receiving.cancel()
            await asyncio.wait([receiving])
        else:
            await receiving

    async def send(self, tally: Tally, load: Load) -> None:
        """Keep a window of messages under way until the tally's end; then let them arrive."""
        while not self._stopped:
            now = time.perf_counter()
            self._stopped = now >= tally.end
            room = 0 if self._stopped else load.window - len(self._times)
            for start in range(0, room, load.batch):
                await self._send(min(load.batch, room - start))
            if self._times:
                await self._sender.read(lambda found: self._acknowledged(found, tally))
        while self._times:
            await self._sender.read(lambda found: self._acknowledged(found, tally))

    async def _send(self, count: int) -> None:
        now = time.perf_counter()
        objects = []
        for _ in range(count):
            self._sent += 1
            self._times.append(now)
            uri = self._uris[self._sent % len(self._uris)]
            objects.append(Send(str(self._sent), uri, BODY))
        await self._sender.say(objects)

    def _acknowledged(self, found: list[ServerObject], tally: Tally) -> bool:
        now = time.perf_counter()
        for one in found:
            if isinstance(one, Sent):
                tally.refused += not one.ok
                tally.sent += 1
                tally.latencies.append(now - self._times.popleft())
        return True

    async def receive(self, tally: Tally) -> None:
        """Delete whatever comes, until all that was sent is deleted."""
        while not (self._stopped and self._deleted == self._sent):
            deletions: list[DeleteMessage] = []
            await self._recipient.read(partial(self._received, deletions, tally))
            if deletions:
                await self._recipient.say(deletions)

    def _received(
        self, deletions: list[DeleteMessage], tally: Tally, found: list[ServerObject]
    ) -> bool:
        for one in found:
            if isinstance(one, Push):
                deletions.append(DeleteMessage("d", one.recipient_uri, one.message.id))
            elif isinstance(one, Deleted):
                self._deleted += 1
                tally.deleted += 1
        return True


async def pair(server: Server, load: Load) -> Pair:
    recipient, sender = await connect(server), await connect(server)
    recipient.text = sender.text = load.text
    queues = [await create(server) for _ in range(load.queues)]
    for queue in queues:
        await recipient.subscribe(queue.recipient_uri)
        await recipient.read(lambda _: True)
        await sender.attach(queue.sender_uri)
    return Pair(sender, recipient, [queue.sender_uri for queue in queues])


async def carry(server: Server, load: Load, seconds: float) -> dict[str, object]:
    """Let pairs talk for a while, each with so many messages under way."""
    talks = [await pair(server, load) for _ in range(load.pairs)]
    before = await server.figures()
    cpu, start = server.cpu(), time.perf_counter()
    tally = Tally(end=start + seconds)
    async with asyncio.TaskGroup() as tasks:
        for talk in talks:
            tasks.create_task(talk.talk(tally, load))
    lasted = time.perf_counter() - start
    assert tally.refused == 0, "the relay took every message"
    assert tally.deleted == tally.sent, "every message was delivered and deleted once"
    spent = 1e6 * (server.cpu() - cpu) / tally.sent
    after = await server.figures()
    cuts = quantiles(tally.latencies, n=100)
    return {
        "messages/s": round(tally.sent / lasted),
        "p50 (ms)": round(1000 * cuts[49], 2),
        "p99 (ms)": round(1000 * cuts[98], 2),
        CPU: round(spent, 1),
        **{name: after[name] - before[name] for name in ("stored", "elided") if after},
    }
