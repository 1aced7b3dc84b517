"""How fast files go over two relay processes that keep them on the disk, and in which memory.

Each chunk goes up twice, to both relays, and comes down once.
"""

import asyncio
import os
import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.client import Pair, pair

from graphchat import FileReceipt, MessageReceived
from graphchat.ids import MessageId

MIB = 2**20


async def run(quick: bool) -> dict[str, object]:  # noqa: FBT001 - the runner calls it so
    """Return MiB a second of the file, each way, and MiB of memory beyond those before."""
    with TemporaryDirectory(prefix="graphchat-bench-") as folder:
        async with pair(2) as both:
            return await sent_and_fetched(both, Path(folder), 16 if quick else 512)


async def sent_and_fetched(both: Pair, folder: Path, size: int) -> dict[str, object]:
    path = folder / "large.bin"
    await asyncio.to_thread(write, path, size)
    before, start = peak(), time.perf_counter()
    receipt = await both.hers.post(path)
    assert isinstance(receipt, FileReceipt)
    await receipt.uploaded()
    up = time.perf_counter() - start
    message_id = await heard(both)
    start = time.perf_counter()
    await both.his.fetch(message_id, folder / "fetched.bin")
    down = time.perf_counter() - start
    return {
        "file (MiB)": size,
        "sent, MiB/s": size / up,
        "fetched, MiB/s": size / down,
        "memory beyond before (MiB)": peak() - before,
    }


async def heard(both: Pair) -> MessageId:
    async for event in both.bob.events():
        if isinstance(event, MessageReceived):
            return event.message_id
    raise AssertionError("events end")


def write(path: Path, size: int) -> None:
    with path.open("wb") as file:
        for _ in range(size):
            file.write(os.urandom(MIB))


def peak() -> float:
    """Return the most memory that this process had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
