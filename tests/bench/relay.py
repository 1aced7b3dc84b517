"""How many messages a relay carries: a real process on SQLite, and a load that costs little.

A message is sent, safe, acknowledged, delivered, deleted, and that acknowledged. Envelopes are
of class S. The load generator has one core, the relay the other.
"""

import asyncio
import os
import resource
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Final

import aiohttp

from graphchat.clock import SystemClock
from graphchat.crypto.keys import SigningKey
from graphchat.secret import Secret
from graphchat.wire import rest
from graphchat.wire.frames import decode_server, encode_binary
from graphchat.wire.limits import FRAME, S
from graphchat.wire.signing import Authorization, new_nonce, request_bytes, socket_bytes
from graphchat.wire.socket import (
    Attach,
    Deleted,
    DeleteMessage,
    Push,
    Send,
    Sent,
    ServerObject,
    Session,
    Subscribe,
)
from graphchat.wire.uri import RelayAddress

CLOCK: Final = SystemClock()
RECIPIENT: Final = SigningKey(Secret(bytes(32)))
SENDER: Final = SigningKey(Secret(bytes(31) + b"s"))
BODY: Final = bytes(S)
PROGRAM: Final = "from graphchat_relay.cli import app; app()"
# File descriptors beside those of the sockets.
SPARE: Final = 200
SETTINGS: Final = """
creations_per_second = 100000
quota_messages = 4096
quota_bytes = 100000000
sockets = 20000
queues_per_socket = 20000
"""


async def run(quick: bool) -> dict[str, object]:  # noqa: FBT001 - the runner calls it so
    """Return messages a second, milliseconds and KiB, by what was done."""
    seconds = 0.5 if quick else 5.0
    found: dict[str, object] = {}
    for pairs, window in ((1, 1), (1, 16), (10, 1), (10, 16), (100, 1), (100, 16)):
        async with started() as server:
            load = Load(pairs, window)
            found[f"{pairs} pairs, {window} in flight"] = await carry(server, load, seconds)
    async with started() as server:
        # More than the window of one queue: a batch goes to ten.
        load = Load(pairs=10, window=200, batch=100, queues=10)
        found["10 pairs, batches of 100 to 10 queues"] = await carry(server, load, seconds)
    found["away"] = await away(1_000 if quick else 20_000)
    count = 100 if quick else descriptors(10_000)
    async with started() as server:
        found["idle sockets"] = await idle(server, count)
    async with started() as server:
        found["subscribing"] = await subscribing(server, 200 if quick else 10_000)
    return found


@dataclass(slots=True)
class Server:
    process: asyncio.subprocess.Process | None
    """None: it is somebody else's."""
    address: RelayAddress
    http: aiohttp.ClientSession

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
    home: Path | None = None, port: int = 0, settings: str = SETTINGS
) -> AsyncIterator[Server]:
    """Run a relay process; it is killed in the end."""
    async with AsyncExitStack() as stack:
        folder = home or Path(stack.enter_context(TemporaryDirectory()))
        config = folder / "relay.toml"
        await asyncio.to_thread(config.write_text, settings)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROGRAM, "serve"),
            *("--port", str(port), "--config", str(config)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "GRAPHCHAT_HOME": str(folder)},
        )
        try:
            assert process.stdout is not None
            line = (await process.stdout.readline()).decode()
            address = RelayAddress.parse(line.removeprefix("relay ready "))
            connector = aiohttp.TCPConnector(limit=0)
            async with aiohttp.ClientSession(connector=connector) as http:
                yield Server(process, address, http)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def create(server: Server) -> rest.CreatedQueue:
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


class Line:
    """A socket, and what is done with what it brings."""

    def __init__(self, server: Server, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._server = server
        self.socket = socket
        self.nonce = ""

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
            await self.socket.send_bytes(encode_binary(asked))

    async def attach(self, uri: str) -> None:
        asked = Attach("a", uri, self.auth(SENDER, uri, "attach"))
        await self.socket.send_bytes(encode_binary([asked]))
        await self.read(lambda _: True)


async def connect(server: Server) -> Line:
    socket = await server.http.ws_connect(
        server.address.socket_uri, max_msg_size=FRAME, compress=0
    )
    line = Line(server, socket)

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
        await self._sender.socket.send_bytes(encode_binary(objects))

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
                await self._recipient.socket.send_bytes(encode_binary(deletions))

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


async def pair(server: Server, count: int) -> Pair:
    recipient, sender = await connect(server), await connect(server)
    queues = [await create(server) for _ in range(count)]
    for queue in queues:
        await recipient.subscribe(queue.recipient_uri)
        await recipient.read(lambda _: True)
        await sender.attach(queue.sender_uri)
    return Pair(sender, recipient, [queue.sender_uri for queue in queues])


async def carry(server: Server, load: Load, seconds: float) -> dict[str, object]:
    """Let pairs talk for a while, each with so many messages under way."""
    talks = [await pair(server, load.queues) for _ in range(load.pairs)]
    cpu, start = server.cpu(), time.perf_counter()
    tally = Tally(end=start + seconds)
    async with asyncio.TaskGroup() as tasks:
        for talk in talks:
            tasks.create_task(talk.talk(tally, load))
    lasted = time.perf_counter() - start
    assert tally.refused == 0, "the relay took every message"
    assert tally.deleted == tally.sent, "every message was delivered and deleted once"
    cuts = quantiles(tally.latencies, n=100)
    return {
        "messages/s": round(tally.sent / lasted),
        "p50 (ms)": round(1000 * cuts[49], 2),
        "p99 (ms)": round(1000 * cuts[98], 2),
        "relay CPU (us a message)": round(1e6 * (server.cpu() - cpu) / tally.sent),
    }


async def away(count: int) -> dict[str, object]:
    """Store messages for recipients who are away; kill the relay; drain it after its restart."""
    queues = 20
    each = count // queues
    with TemporaryDirectory() as folder:
        async with started(Path(folder)) as server:
            made = [await create(server) for _ in range(queues)]
            lines = [await connect(server) for _ in made]
            for line, queue in zip(lines, made, strict=True):
                await line.attach(queue.sender_uri)
            start = time.perf_counter()
            async with asyncio.TaskGroup() as tasks:
                for line, queue in zip(lines, made, strict=True):
                    tasks.create_task(_fill(line, queue.sender_uri, each))
            stored = queues * each / (time.perf_counter() - start)
            port = int(server.address.base.rpartition(":")[2].removesuffix("/q"))
        start = time.perf_counter()
        async with started(Path(folder), port) as server:
            restart = time.perf_counter() - start
            lines = [await connect(server) for _ in made]
            start = time.perf_counter()
            async with asyncio.TaskGroup() as tasks:
                drains = [
                    tasks.create_task(_drain(line, queue.recipient_uri, each))
                    for line, queue in zip(lines, made, strict=True)
                ]
            drained = queues * each / (time.perf_counter() - start)
    return {
        "stored (messages/s)": round(stored),
        "restart after kill -9 (s)": round(restart, 2),
        "drained (messages/s)": round(drained),
        "lost": queues * each - sum(task.result() for task in drains),
    }


async def _fill(line: Line, uri: str, count: int) -> None:
    """Send ``count`` messages, 16 under way."""
    sent = acknowledged = 0

    def answered(found: list[ServerObject]) -> bool:
        nonlocal acknowledged
        acknowledged += len(found)
        assert all(isinstance(one, Sent) and one.ok for one in found)
        return True

    while acknowledged < count:
        room = min(16 - (sent - acknowledged), count - sent)
        if room:
            objects = [Send(str(sent + n), uri, BODY) for n in range(room)]
            sent += room
            await line.socket.send_bytes(encode_binary(objects))
        await line.read(answered)


async def _drain(line: Line, uri: str, count: int) -> int:
    """Receive and delete ``count`` messages; return how many different ones came."""
    ids: set[str] = set()
    deleted = 0
    await line.subscribe(uri)
    while deleted < count:
        deletions: list[DeleteMessage] = []

        def received(found: list[ServerObject], to: list[DeleteMessage] = deletions) -> bool:
            nonlocal deleted
            for one in found:
                if isinstance(one, Push):
                    ids.add(one.message.id)
                    to.append(DeleteMessage("d", uri, one.message.id))
                deleted += isinstance(one, Deleted)
            return True

        async with asyncio.timeout(60):
            await line.read(received)
        if deletions:
            await line.socket.send_bytes(encode_binary(deletions))
    return len(ids)


def descriptors(wanted: int) -> int:
    """Return how many of so many sockets this process, and a relay that it starts, may open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + SPARE
    if soft != resource.RLIM_INFINITY and soft < needed:
        most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most - SPARE
    return wanted


async def idle(server: Server, count: int) -> dict[str, object]:
    """Open sockets that do nothing."""
    before = server.memory()
    lines = [await connect(server) for _ in range(count)]
    await asyncio.sleep(1)
    kib = server.memory() - before
    return {
        "sockets": len(lines),
        "memory a socket (KiB)": round(kib / count, 1),
        "memory of 10,000 (MB)": round(kib / count * 10_000 * 1024 / 1e6),
    }


async def subscribing(server: Server, count: int) -> dict[str, object]:
    """Subscribe to many queues over one socket, as a client does that comes back."""
    queues: list[str] = []
    for start in range(0, count, 100):
        made = await asyncio.gather(*(create(server) for _ in range(min(100, count - start))))
        queues += [queue.recipient_uri for queue in made]
    line = await connect(server)
    answers = 0

    def answered(found: list[ServerObject]) -> bool:
        nonlocal answers
        answers += len(found)
        return answers >= count

    start_time = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(line.subscribe(*queues))
        tasks.create_task(line.read(answered))
    return {"queues": count, "seconds": round(time.perf_counter() - start_time, 2)}
