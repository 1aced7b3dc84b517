"""What tests of chats off the record do, and what they look at."""

import asyncio
import sqlite3
from contextlib import closing

from msgspec import structs
from tests.sdk.client.people import PATIENCE, Home, introduce, one, until

from graphchat import Contact, OffTheRecord, OffTheRecordRequested, Text
from graphchat.core import record
from graphchat.core.lane import LaneState
from graphchat.store import Cursor
from graphchat.testing.relays import TestRelay

Rows = dict[str, list[tuple[object, ...]]]


async def begin(alice: Home, bob: Home) -> tuple[OffTheRecord, OffTheRecord]:
    """Make contacts of two, have Alice ask and Bob accept."""
    hers, _ = await introduce(alice.me, bob.me)
    return await accepted(hers, bob)


async def accepted(hers: Contact, bob: Home) -> tuple[OffTheRecord, OffTheRecord]:
    asking = asyncio.create_task(hers.off_the_record(patience=20))
    asked = await one(bob.me, OffTheRecordRequested)
    return await asyncio.gather(asking, asked.accept())


async def heard(chat: OffTheRecord, count: int) -> list[str]:
    """Return the next texts."""
    found: list[str] = []
    async with asyncio.timeout(PATIENCE):
        async for message in chat.messages():
            assert isinstance(message, Text)
            found.append(message.text)
            if len(found) == count:
                break
    return found


async def quiet(*homes: Home) -> None:
    """Return once nothing is owed and nothing on its way."""
    lives = [live for home in homes for live in home.client.engine.context.lives.values()]
    await until(
        lambda: all(
            live.connection.due is None and not any(t.waiting for t in live.traffic.values())
            for live in lives
        )
    )


async def stored(home: Home) -> Rows:
    """Return all that a home has stored, but for how far its ratchets have turned."""
    return await home.client.engine.context.database.read(_stored)


def _stored(cursor: Cursor) -> Rows:
    tables = cursor.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'client_%'"
        " AND name NOT LIKE 'client_words%'"
    ).fetchall()
    query = "SELECT * FROM {} ORDER BY 1"
    found = {name: cursor.execute(query.format(name)).fetchall() for (name,) in tables}
    found["client_lane"] = [tuple(map(_plain, row)) for row in found["client_lane"]]
    return found


def _plain(value: object) -> object:
    if isinstance(value, bytes) and len(value) > 100:
        return record.dump(structs.replace(record.load(value, LaneState), ratchet=b""))
    return value


async def queues(relay: TestRelay) -> int:
    """Return how many queues a relay has stored."""

    def count() -> int:
        with closing(sqlite3.connect(relay._folder / "relay.db")) as database:
            return int(database.execute("SELECT count(*) FROM relay_queue").fetchone()[0])

    return await asyncio.to_thread(count)


async def until_queues(relay: TestRelay, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while await queues(relay) != count:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)
