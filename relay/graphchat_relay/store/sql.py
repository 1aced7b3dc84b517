"""The statements of the SQLite store, each a function that runs in the database's thread."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final, TypeVar

from graphchat_relay.store import Head, MessageRow, QueueRow, Totals
from graphchat_relay.store.schema import APPLIED, RECORDS

T = TypeVar("T")

CHECKED: Final = 256 * 1024 * 1024
"""Bytes of the largest database that is checked at start."""

_QUEUE: Final = "SELECT key, recipient, sender, recipient_key, sender_key, day FROM relay_queue"
_BODY: Final = "SELECT position, msg FROM relay_message"
_INSERT: Final = (
    "INSERT INTO relay_message (position, queue, public_id, ts, msg) SELECT * FROM (VALUES"
)
_THERE: Final = "WHERE column2 IN (SELECT key FROM relay_queue)"
_DELETE: Final = "DELETE FROM relay_message WHERE position IN"
_HEAD: Final = "SELECT queue, position, public_id, ts, length(msg) FROM relay_message"
# Rows of one statement. Each step of a statement lets go of the interpreter and waits to get it
# back from a busy event loop, so a step does many rows. Few sizes, so that SQLite knows them all.
PORTIONS: Final = (64, 16, 4, 1)


def check(db: sqlite3.Connection) -> None:
    """Raise `sqlite3.DatabaseError` for a damaged file, at start and not in the night."""
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    size = pages * db.execute("PRAGMA page_size").fetchone()[0]
    # It reads everything: a large relay would start slowly after a crash, of all times.
    if size <= CHECKED and db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise sqlite3.DatabaseError("it is damaged")


def applied(db: sqlite3.Connection) -> Sequence[str]:
    """Return the names of the migrations that the database has had."""
    found = db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (RECORDS,)).fetchone()
    if found is None:
        return ()
    return [row[0] for row in db.execute(APPLIED)]


def last_position(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT coalesce(max(position), 0) FROM relay_message").fetchone()[0])


def create(db: sqlite3.Connection, row: QueueRow) -> None:
    db.execute(
        "INSERT INTO relay_queue (recipient, sender, recipient_key, sender_key, day)"
        " VALUES (?, ?, ?, ?, ?)",
        (row.recipient, row.sender, row.recipient_key, row.sender_key, row.day),
    )


def by_recipient(db: sqlite3.Connection, hashes: Sequence[bytes]) -> Mapping[bytes, QueueRow]:
    rows = db.execute(f"{_QUEUE} WHERE recipient IN ({_marks(hashes)})", tuple(hashes))
    return {row[1]: QueueRow(*row) for row in rows}


def by_sender(db: sqlite3.Connection, hashes: Sequence[bytes]) -> Mapping[bytes, QueueRow]:
    rows = db.execute(f"{_QUEUE} WHERE sender IN ({_marks(hashes)})", tuple(hashes))
    return {row[2]: QueueRow(*row) for row in rows}


def secure(db: sqlite3.Connection, key: int, sender_key: bytes) -> bool:
    db.execute(
        "UPDATE relay_queue SET sender_key = ? WHERE key = ? AND length(sender_key) = 0",
        (sender_key, key),
    )
    row = db.execute("SELECT sender_key FROM relay_queue WHERE key = ?", (key,)).fetchone()
    return row is not None and row[0] == sender_key


def renew(db: sqlite3.Connection, keys: Sequence[int], day: int) -> None:
    db.executemany("UPDATE relay_queue SET day = ? WHERE key = ?", [(day, key) for key in keys])


def remove(db: sqlite3.Connection, key: int) -> None:
    with transaction(db):
        db.execute("DELETE FROM relay_message WHERE queue = ?", (key,))
        db.execute("DELETE FROM relay_queue WHERE key = ?", (key,))
    # The queue is gone whether or not this works; housekeeping repeats it.
    with suppress(sqlite3.Error):
        tidy(db)


def write(db: sqlite3.Connection, added: Sequence[MessageRow], removed: Sequence[int]) -> None:
    with transaction(db):
        for rows in _portions(added):
            values = [
                v for row in rows for v in (row.position, row.queue, row.id, row.ts, row.msg)
            ]
            marks = ",".join(["(?, ?, ?, ?, ?)"] * len(rows))
            db.execute(f"{_INSERT} {marks}) {_THERE}", values)
        for positions in _portions(removed):
            db.execute(f"{_DELETE} ({_marks(positions)})", positions)


def heads(db: sqlite3.Connection, keys: Sequence[int]) -> Sequence[Head]:
    rows = db.execute(f"{_HEAD} WHERE queue IN ({_marks(keys)}) ORDER BY position", tuple(keys))
    return [Head(*row) for row in rows]


def bodies(db: sqlite3.Connection, positions: Sequence[int]) -> Mapping[int, bytes]:
    rows = db.execute(f"{_BODY} WHERE position IN ({_marks(positions)})", tuple(positions))
    return {row[0]: row[1] for row in rows}


def expire_messages(db: sqlite3.Connection, before: int, limit: int) -> Sequence[Head]:
    with transaction(db):
        rows = db.execute(f"{_HEAD} WHERE ts < ? ORDER BY ts LIMIT ?", (before, limit)).fetchall()
        db.executemany("DELETE FROM relay_message WHERE position = ?", [(row[1],) for row in rows])
    return [Head(*row) for row in rows]


def expire_queues(db: sqlite3.Connection, before: int, limit: int) -> Sequence[int]:
    with transaction(db):
        rows = db.execute(
            "SELECT key FROM relay_queue WHERE day < ? AND length(sender_key) = 0 LIMIT ?",
            (before, limit),
        ).fetchall()
        keys = [(row[0],) for row in rows]
        db.executemany("DELETE FROM relay_message WHERE queue = ?", keys)
        db.executemany("DELETE FROM relay_queue WHERE key = ?", keys)
    return [key for (key,) in keys]


def probe(db: sqlite3.Connection) -> None:
    # Setting it writes a page, even to the value that it has; an empty transaction writes none.
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    with transaction(db):
        db.execute(f"PRAGMA user_version = {version}")


def tidy(db: sqlite3.Connection) -> None:
    """Empty the write-ahead log: deleted envelopes are overwritten in the database, not there."""
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def totals(db: sqlite3.Connection) -> Totals:
    queues = db.execute("SELECT count(*) FROM relay_queue").fetchone()[0]
    messages, size = db.execute(
        "SELECT count(*), coalesce(sum(length(msg)), 0) FROM relay_message"
    ).fetchone()
    return Totals(queues, messages, size)


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # A full disk may have ended the transaction by itself.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _portions(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    start = 0
    for size in PORTIONS:
        while len(rows) - start >= size:
            yield rows[start : start + size]
            start += size


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))
