"""The statements of the PostgreSQL store, each on a connection of its own.

What several replicas do at the same time is settled here, by locks on the rows of queues.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from graphchat_relay.store import Head, MessageRow, QueueRow, Totals
from graphchat_relay.store.schema import APPLIED, RECORDS

Connection = Any
"""An asyncpg connection; its types are not exported by every version."""

MIGRATION_LOCK: Final = 0x6763_0001
IDENTITY_LOCK: Final = 0x6763_0002

_QUEUE: Final = "SELECT key, recipient, sender, recipient_key, sender_key, day FROM relay_queue"
_HEADS: Final = "SELECT queue, position, public_id, ts, length(msg) FROM relay_message"


async def applied(db: Connection) -> Sequence[str]:
    """Return the names of the migrations that the database has had."""
    if await db.fetchval("SELECT to_regclass($1)", RECORDS) is None:
        return ()
    return [row[0] for row in await db.fetch(APPLIED)]


async def reserve(db: Connection, count: int) -> Sequence[int]:
    rows = await db.fetch(
        "SELECT nextval(pg_get_serial_sequence('relay_message', 'position'))"
        " FROM generate_series(1, $1)",
        count,
    )
    return sorted(row[0] for row in rows)


async def create(db: Connection, row: QueueRow) -> None:
    await db.execute(
        "INSERT INTO relay_queue (recipient, sender, recipient_key, sender_key, day)"
        " VALUES ($1, $2, $3, $4, $5)",
        *(row.recipient, row.sender, row.recipient_key, row.sender_key, row.day),
    )


async def by_recipient(db: Connection, hashes: Sequence[bytes]) -> Mapping[bytes, QueueRow]:
    rows = await db.fetch(f"{_QUEUE} WHERE recipient = ANY($1::bytea[])", hashes)
    return {row[1]: QueueRow(*row) for row in rows}


async def by_sender(db: Connection, hashes: Sequence[bytes]) -> Mapping[bytes, QueueRow]:
    rows = await db.fetch(f"{_QUEUE} WHERE sender = ANY($1::bytea[])", hashes)
    return {row[2]: QueueRow(*row) for row in rows}


async def secure(db: Connection, key: int, sender_key: bytes) -> bool:
    # The second statement sees what another replica has set while the first one waited.
    await db.execute(
        "UPDATE relay_queue SET sender_key = $1 WHERE key = $2 AND length(sender_key) = 0",
        *(sender_key, key),
    )
    found = await db.fetchval("SELECT sender_key FROM relay_queue WHERE key = $1", key)
    return bool(found == sender_key)


async def renew(db: Connection, keys: Sequence[int], day: int) -> None:
    await db.execute("UPDATE relay_queue SET day = $1 WHERE key = ANY($2::bigint[])", day, keys)


async def remove(db: Connection, keys: Sequence[int]) -> None:
    async with db.transaction():
        # First the queue: that waits for whoever is writing into it.
        await db.execute("DELETE FROM relay_queue WHERE key = ANY($1::bigint[])", keys)
        await db.execute("DELETE FROM relay_message WHERE queue = ANY($1::bigint[])", keys)


async def write(db: Connection, added: Sequence[MessageRow], removed: Sequence[int]) -> None:
    async with db.transaction():
        if added:
            await db.execute(
                "INSERT INTO relay_message (position, queue, public_id, ts, msg)"
                " SELECT m.position, q.key, m.public_id, m.ts, m.msg FROM"
                " unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bytea[])"
                " AS m (position, queue, public_id, ts, msg)"
                " JOIN relay_queue q ON q.key = m.queue FOR KEY SHARE OF q",
                [row.position for row in added],
                [row.queue for row in added],
                [row.id for row in added],
                [row.ts for row in added],
                [row.msg for row in added],
            )
        if removed:
            await db.execute(
                "DELETE FROM relay_message WHERE position = ANY($1::bigint[])", removed
            )


async def heads(db: Connection, keys: Sequence[int]) -> Sequence[Head]:
    rows = await db.fetch(f"{_HEADS} WHERE queue = ANY($1::bigint[]) ORDER BY position", keys)
    return [Head(*row) for row in rows]


async def bodies(db: Connection, positions: Sequence[int]) -> Mapping[int, bytes]:
    rows = await db.fetch(
        "SELECT position, msg FROM relay_message WHERE position = ANY($1::bigint[])", positions
    )
    return {row[0]: row[1] for row in rows}


async def expire_messages(db: Connection, before: int, limit: int) -> Sequence[Head]:
    # What another replica is just removing is left to it.
    rows = await db.fetch(
        "DELETE FROM relay_message WHERE position IN (SELECT position FROM relay_message"
        " WHERE ts < $1 ORDER BY ts LIMIT $2 FOR UPDATE SKIP LOCKED)"
        " RETURNING queue, position, public_id, ts, length(msg)",
        *(before, limit),
    )
    return sorted((Head(*row) for row in rows), key=lambda head: head.position)


async def expire_queues(db: Connection, before: int, limit: int) -> Sequence[int]:
    async with db.transaction():
        rows = await db.fetch(
            "SELECT key FROM relay_queue WHERE day < $1 AND length(sender_key) = 0"
            " LIMIT $2 FOR UPDATE SKIP LOCKED",
            *(before, limit),
        )
        keys = [row[0] for row in rows]
        await remove(db, keys)
    return keys


async def totals(db: Connection) -> Totals:
    queues = await db.fetchval("SELECT count(*) FROM relay_queue")
    count, size = await db.fetchrow(
        "SELECT count(*), coalesce(sum(length(msg)), 0) FROM relay_message"
    )
    return Totals(queues, count, size)


async def sender_keys(db: Connection, keys: Sequence[int]) -> Mapping[int, bytes]:
    rows = await db.fetch(
        "SELECT key, sender_key FROM relay_queue WHERE key = ANY($1::bigint[])", keys
    )
    return {row[0]: row[1] for row in rows}


async def identity(db: Connection, fresh: bytes) -> bytes:
    async with db.transaction():
        await db.execute("SELECT pg_advisory_xact_lock($1)", IDENTITY_LOCK)
        await db.execute(
            "INSERT INTO relay_setting (name, value) VALUES ('identity', $1)"
            " ON CONFLICT (name) DO NOTHING",
            fresh,
        )
        return bytes(await db.fetchval("SELECT value FROM relay_setting WHERE name = 'identity'"))
