"""How many messages a relay carries: a real process on SQLite, and a load that costs little.

A message is sent, safe, acknowledged, delivered, deleted, and that acknowledged. Envelopes are
of class S. The load generator has one core, the relay the other.
"""

import asyncio
import resource
import time
from collections.abc import Iterator
from contextlib import (
    AbstractContextManager,
    contextmanager,
    nullcontext,
)
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests import postgres
from tests.bench._load import (
    BODY,
    CPU,
    PAIRS,
    Line,
    Load,
    Server,
    bare,
    carry,
    connect,
    create,
    started,
)

from graphchat.wire.socket import (
    Deleted,
    DeleteMessage,
    Push,
    Send,
    Sent,
    ServerObject,
)

# Messages in a frame.
SIZES: Final = (1, 10, 100)
# File descriptors beside those of the sockets.
SPARE: Final = 200


async def run(quick: bool) -> dict[str, object]:  # noqa: FBT001 - the runner calls it so
    """Return messages a second, milliseconds and KiB, by what was done."""
    seconds = 0.5 if quick else 5.0
    found: dict[str, object] = {}
    for pairs, window in ((1, 1), (1, 16), (10, 1), (10, 16), (100, 1), (100, 16)):
        name = f"{pairs} pairs, {window} in flight"
        found[name] = await carried(Load(pairs, window), seconds)
    # More than the window of one queue: a batch goes to ten.
    batches = {size: Load(pairs=10, window=2 * size, batch=size, queues=10) for size in SIZES}
    for size, load in batches.items():
        found[f"10 pairs, batches of {size}, to 10 queues"] = await carried(load, seconds)
    found["batches of 100 in JSON"] = await carried(replace(batches[100], text=True), seconds)
    for name, place in stores():
        with place as uri:
            found[f"batches of 100, {name}"] = await carried(batches[100], seconds, uri)
    for name, load in (("batches of 100", batches[100]), ("100 pairs, 16 in flight", PAIRS)):
        found[f"{name}, share of a bare server"] = await share(load, seconds)
    found["away"] = await away(1_000 if quick else 20_000)
    count = 100 if quick else descriptors(10_000)
    async with started() as server:
        found["idle sockets"] = await idle(server, count)
    async with started() as server:
        found["subscribing"] = await subscribing(server, 200 if quick else 10_000)
    return found


def stores() -> Iterator[tuple[str, AbstractContextManager[str]]]:
    """Return the stores beside SQLite; PostgreSQL where it is installed."""
    yield "in memory", nullcontext("memory:")
    if postgres.programs() is not None:
        yield "on PostgreSQL", _database()


@contextmanager
def _database() -> Iterator[str]:
    with postgres.running() as server:
        yield server.database()


async def carried(load: Load, seconds: float, store: str | None = None) -> dict[str, object]:
    async with started(store=store) as server:
        return await carry(server, load, seconds)


async def share(load: Load, seconds: float) -> dict[str, object]:
    """Compare the processor time of a message, with that of the bare server; both in turn."""
    costs: dict[str, list[float]] = {"bare": [], "relay": []}
    for _ in range(2):
        async with bare(load.pairs * load.queues) as server:
            costs["bare"].append(float(str((await carry(server, load, seconds))[CPU])))
        async with started() as server:
            costs["relay"].append(float(str((await carry(server, load, seconds))[CPU])))
    found = {name: min(values) for name, values in costs.items()}
    return {
        "bare CPU (us a message)": found["bare"],
        CPU: found["relay"],
        "share (%)": round(100 * found["bare"] / found["relay"]),
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
            await line.say(objects)
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
            await line.say(deletions)
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
