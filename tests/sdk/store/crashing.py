"""Processes that die on purpose, for `test_crash`: ``python crashing.py WHAT PATH [NUMBER]``.

They are forked from one process that has everything imported, so that a death costs little.
"""

import asyncio
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import graphchat.crypto.vault
import graphchat.store
from graphchat.crypto.vault import Strength
from graphchat.store import Cursor, Database, files

PUT = "INSERT INTO client_setting(key, value) VALUES (?, ?)"
ROWS = 10
OURS = (str(Path(graphchat.store.__file__).parent), graphchat.crypto.vault.__file__)


def opened(path: Path) -> Any:
    return Database.open(path, "correct horse", strength=Strength(1, 8192))


def say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def forked(work: Callable[[], object]) -> int:
    """Run ``work`` in a child and return the child's id."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def batch(number: int) -> list[tuple[str, bytes]]:
    return [(f"{number} {row}", os.urandom(200)) for row in range(ROWS)]


async def write_for_ever(path: Path, first: int, told: int) -> None:
    """Write batches in both ways, and tell the number of each once it is committed."""
    async with opened(path) as db:
        for number in range(first, 1 << 30):
            rows = batch(number)
            if number % 2:
                await db.write(lambda cursor, rows=rows: cursor.executemany(PUT, rows))
            else:
                async with db.transaction() as transaction:
                    for row in rows:
                        await transaction.execute(PUT, row)
            os.write(told, number.to_bytes(4))


def write(path: Path, first: int, told: int) -> None:
    asyncio.run(write_for_ever(path, first, told))


async def found(path: Path) -> Counter[int]:
    """Return how many rows of each batch there are, after a check of the whole database."""
    async with opened(path) as db:
        await db.check()
        rows = await db.read(lambda c: c.execute("SELECT key FROM client_setting").fetchall())
    return Counter(int(key.partition(" ")[0]) for (key,) in rows)


def kill_writers(path: Path, rounds: int) -> None:
    """Kill a writer many times; all that it told is there, and nothing by halves."""
    committed, first = set[int](), 0
    for _ in range(rounds):
        heard, told = os.pipe()
        child = forked(partial(write, path, first, told))
        os.close(told)
        with os.fdopen(heard, "rb") as pipe:
            for _ in range(random.randint(1, 12)):
                committed.add(int.from_bytes(pipe.read(4)))
            time.sleep(random.uniform(0, 0.004))
            os.kill(child, signal.SIGKILL)
            rest = pipe.read()
        os.waitpid(child, 0)
        committed |= {int.from_bytes(rest[at : at + 4]) for at in range(0, len(rest), 4)}
        there = asyncio.run(found(path))
        assert set(there.values()) == {ROWS}, "a batch is there by halves"
        assert committed <= there.keys(), "a committed batch is lost"
        # The one that was committed but not yet told.
        assert len(there.keys() - committed) <= 1, "more than was committed is there"
        committed = set(there)
        first = max(there) + 1
    say(len(committed))


def create_and_die(path: Path, moment: int, stride: int) -> None:
    """Create a database, and die at the given moment.

    A moment passes with each line of the module that makes files, and with each ``stride``-th
    of our other lines.
    """
    moments, others = 0, 0

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal moments, others
        name = frame.f_code.co_filename
        if not name.startswith(OURS):
            return None
        if event == "line":
            others += name != files.__file__
            moments += name == files.__file__ or others % stride == 0
            if moments == moment:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    threading.settrace(trace)
    sys.settrace(trace)
    asyncio.run(put_one(path))


async def put_one(path: Path) -> None:
    async with opened(path) as db:
        await db.write(put_again)


def put_again(cursor: Cursor) -> None:
    cursor.execute("INSERT OR REPLACE INTO client_setting(key, value) VALUES ('0 0', x'')")


def die_at_moments(path: Path, stride: int) -> None:
    """Die at every moment of a creation; what is left must open and work."""
    asyncio.run(put_one(path.with_name("first.db")))
    for moment in range(1, 10_000):
        place = path.with_name(f"{moment}.db")
        child = forked(partial(create_and_die, place, moment, stride))
        survived = os.WIFEXITED(os.waitpid(child, 0)[1])
        asyncio.run(put_one(place))
        assert asyncio.run(found(place)) == {0: 1}
        if survived:
            say(moment)
            break


def hold(path: Path, _: int) -> None:
    async def wait() -> None:
        async with opened(path):
            say("held")
            await asyncio.sleep(3600)

    asyncio.run(wait())


if __name__ == "__main__":
    what = {"writers": kill_writers, "moments": die_at_moments, "hold": hold}[sys.argv[1]]
    what(Path(sys.argv[2]), int(sys.argv[3]))
