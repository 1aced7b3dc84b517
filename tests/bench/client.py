"""How fast clients talk over relay processes, and what contacts cost.

Everything is durable: a message is one row of each client and of each relay before it counts.
Both clients share one process, so one core does the work of two devices.
"""

import asyncio
import gc
import os
import time
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from tests.bench._load import started

from graphchat import Client, Contact, MessageReceived, OwnProfile, Profile


async def run(quick: bool) -> dict[str, object]:  # noqa: FBT001 - the runner calls it so
    """Return messages a second, milliseconds and KiB, by what was done."""
    found: dict[str, object] = {}
    for relays in (1, 2):
        async with pair(relays) as both:
            found[f"over {relays} relay{'s' * (relays > 1)}"] = {
                "messages/s, one way": await one_way(both, 200 if quick else 3_000),
                "messages/s, both ways": await both_ways(both, 100 if quick else 1_500),
                "sent one by one, messages/s": await one_by_one(both, 50 if quick else 500),
                "round trip": await round_trips(both, 50 if quick else 500),
            }
    found["contacts"] = await contacts(40 if quick else 1_000)
    return found


@dataclass(slots=True)
class Pair:
    alice: OwnProfile
    bob: OwnProfile
    hers: Contact
    his: Contact


@asynccontextmanager
async def clients(relays: int, *names: str) -> AsyncIterator[tuple[Path, list[Client]]]:
    """Open clients with one profile each, over fresh relay processes."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="graphchat-bench-")))
        servers = [await stack.enter_async_context(started()) for _ in range(relays)]
        uris = [server.address.text for server in servers]
        found = []
        for name in names:
            client = Client(folder / f"{name}.db", relays=uris)
            found.append(await stack.enter_async_context(client))
            await client.create_profile(Profile(name))
        yield folder, found


@asynccontextmanager
async def pair(relays: int) -> AsyncIterator[Pair]:
    async with clients(relays, "Alice", "Bob") as (_, [first, second]):
        alice, bob = await first.profile(), await second.profile()
        invitation = await alice.invite()
        his = await bob.connect(invitation.link)
        hers = await invitation.contact()
        await his.established()
        yield Pair(alice, bob, hers, his)


async def hear(profile: OwnProfile, count: int) -> None:
    """Return once ``count`` messages have come, acknowledging them page by page."""
    last = 0
    while count > 0:
        await profile.wait_events(last)
        events = await profile.pending_events(last)
        count -= sum(isinstance(event, MessageReceived) for event in events)
        last = events[-1].id
        await profile.acknowledge([event.id for event in events])


async def speak(contact: Contact, count: int) -> None:
    for number in range(count):
        await contact.post(f"This is message {number}, and as long as people write on average.")


async def one_way(both: Pair, count: int) -> int:
    start = time.perf_counter()
    await asyncio.gather(speak(both.hers, count), hear(both.bob, count))
    return round(count / (time.perf_counter() - start))


async def both_ways(both: Pair, count: int) -> int:
    start = time.perf_counter()
    await asyncio.gather(
        speak(both.hers, count),
        speak(both.his, count),
        hear(both.alice, count),
        hear(both.bob, count),
    )
    return round(2 * count / (time.perf_counter() - start))


async def one_by_one(both: Pair, count: int) -> int:
    """Wait for a relay after each message, as `send` does."""
    start = time.perf_counter()
    for _ in range(count):
        await both.hers.send("Is it there?")
    rate = count / (time.perf_counter() - start)
    await hear(both.bob, count)
    return round(rate)


async def round_trips(both: Pair, count: int) -> dict[str, object]:
    """Say something, hear it there, answer, hear the answer."""
    times = []
    for _ in range(count):
        start = time.perf_counter()
        await both.hers.post("ping")
        await hear(both.bob, 1)
        await both.his.post("pong")
        await hear(both.alice, 1)
        times.append((time.perf_counter() - start) * 1000)
    return {
        "median (ms)": round(median(times), 1),
        "95 % (ms)": round(quantiles(times, n=20)[-1], 1),
    }


async def contacts(count: int) -> dict[str, object]:
    """Have one profile meet many, and open it again."""
    found: dict[str, object] = {"number": count}
    async with clients(2, "Host", "Guest") as (folder, [host, guest]):
        me, other = await host.profile(), await guest.profile()
        link = (await me.create_address(accept_all=True)).link
        start = time.perf_counter()
        for _ in range(0, count, 20):
            made = [await other.connect(link) for _ in range(20)]
            await asyncio.gather(*(each.established() for each in made))
        found["handshakes/s"] = round(count / (time.perf_counter() - start), 1)
        await host.__aexit__(None, None, None)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            path = folder / "Host.db"
            found |= await asyncio.get_running_loop().run_in_executor(pool, opened, path, count)
    return found


def opened(path: Path, count: int) -> dict[str, object]:
    """Open a home in a process of its own; return times and memory."""
    return asyncio.run(_opened(path, count))


async def _opened(path: Path, count: int) -> dict[str, object]:
    start = time.perf_counter()
    async with Client(path) as client:
        opened = time.perf_counter()
        await asyncio.sleep(1.0)
        before, middle = resident(), time.perf_counter()
        found = await (await client.profile()).contacts()
        loaded = time.perf_counter()
        gc.collect()
        assert len(found) >= count
        return {
            "start-up (ms)": round((opened - start) * 1000),
            "loading all (ms)": round((loaded - middle) * 1000),
            "memory for each that is loaded (KiB)": round((resident() - before) / len(found), 1),
        }


def resident() -> int:
    """Return the resident memory of this process in KiB."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024
