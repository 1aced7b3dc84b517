"""What honest clients notice of an attacker: latency and throughput alone, and beside each one.

Ten pairs talk over sockets, and one client asks by REST. A ratio of 1 is: they notice nothing.
The relay has its defaults. It, the honest and the attacker share the processors of one machine.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from statistics import median, quantiles
from typing import Final

import aiohttp
from tests.bench._attackers import main
from tests.bench._load import Load, Pair, Server, Tally, ask, create, pair, started
from tests.bench.relay import descriptors

from graphchat.wire import rest

PAIRS: Final = Load(pairs=10, window=1)
ATTACKS: Final = (
    "nobody",
    "subscribers that take nothing",
    "idle sockets",
    "sockets with garbage",
    "a flood of creates",
    "bodies that never end",
)
SOCKETS: Final = re.compile(r"^graphchat_relay_sockets (\S+)$", re.MULTILINE)
# Seconds between two requests of the one who asks by REST.
PAUSE: Final = 0.02


async def run(quick: bool) -> dict[str, object]:  # noqa: FBT001 - the runner calls it so
    """Return milliseconds, messages a second, and their ratios, by who attacks."""
    # Bursts that a relay allows are over by then: what is measured is the flood behind them.
    seconds, settling = (0.5, 1.0) if quick else (5.0, 20.0)
    count = 200 if quick else descriptors(10_000)
    found: dict[str, object] = {}
    for kind in ATTACKS:
        async with started(settings="") as server:
            first, second = [await honest(server) for _ in range(2)]
            before = await measure(server, first, seconds)
            async with attacked(server, kind, count):
                await asyncio.sleep(settling)
                if kind == "idle sockets":
                    await _connected(server, count)
                during = await measure(server, second, seconds)
        found[f"beside {kind}"] = compared(before, during)
    return found


@dataclass(frozen=True, slots=True)
class Honest:
    pairs: list[Pair]
    queue: rest.CreatedQueue


@dataclass(slots=True)
class Seen:
    """What the honest saw, in seconds."""

    rate: float = 0.0
    latencies: list[float] = field(default_factory=list)
    requests: list[float] = field(default_factory=list)
    refused: int = 0
    cpu: float = 0.0


def compared(before: Seen, during: Seen) -> dict[str, object]:
    alone, beside = (quantiles(seen.latencies, n=100) for seen in (before, during))
    found: dict[str, object] = {}
    for name, place in (("p50", 49), ("p99", 98)):
        found[f"{name} (ms)"] = f"{1000 * alone[place]:.2f} -> {1000 * beside[place]:.2f}"
        found[f"{name} ratio"] = round(beside[place] / alone[place], 2)
    found["messages/s"] = f"{before.rate:.0f} -> {during.rate:.0f}"
    found["messages/s ratio"] = round(during.rate / before.rate, 2)
    requests = (f"{1000 * median(seen.requests):.1f}" for seen in (before, during))
    found["REST p50 (ms)"] = " -> ".join(requests)
    found["relay CPU (% of a core)"] = f"{100 * before.cpu:.0f} -> {100 * during.cpu:.0f}"
    found["REST refused"] = during.refused
    return found


@asynccontextmanager
async def attacked(server: Server, kind: str, count: int) -> AsyncIterator[None]:
    """Let somebody attack the relay meanwhile."""
    if kind == "nobody":
        yield
        return
    process = get_context("spawn").Process(target=main, args=(kind, server.address.text, count))
    process.start()
    try:
        yield
        assert process.is_alive(), "the attack went on"
    finally:
        process.kill()
        await asyncio.to_thread(process.join)


async def honest(server: Server) -> Honest:
    talks = [await pair(server, PAIRS) for _ in range(PAIRS.pairs)]
    return Honest(talks, await create(server))


async def _connected(server: Server, count: int) -> None:
    """Wait until the attacker has all his sockets: it is idle ones that are measured."""
    async with asyncio.timeout(300), aiohttp.ClientSession() as http:
        while True:
            async with http.get(server.private) as answer:
                found = SOCKETS.search(await answer.text())
            if found is not None and float(found[1]) >= count:
                return
            await asyncio.sleep(1)


async def measure(server: Server, who: Honest, seconds: float) -> Seen:
    """Let the honest talk for a while."""
    cpu, start = server.cpu(), time.perf_counter()
    tally, seen = Tally(end=start + seconds), Seen()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_request(server, f"{who.queue.recipient_uri}/messages", tally.end, seen))
        for talk in who.pairs:
            tasks.create_task(talk.talk(tally, PAIRS))
    lasted = time.perf_counter() - start
    seen.rate = tally.sent / lasted
    seen.cpu = (server.cpu() - cpu) / lasted
    seen.latencies = tally.latencies
    assert tally.refused == 0, "the relay took every message"
    return seen


async def _request(server: Server, uri: str, end: float, seen: Seen) -> None:
    while (start := time.perf_counter()) < end:
        status, _ = await ask(server, "GET", uri)
        if status == 200:
            seen.requests.append(time.perf_counter() - start)
        else:
            seen.refused += 1
        await asyncio.sleep(PAUSE)
