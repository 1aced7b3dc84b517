"""The rows of groups, as SQL and arguments: one function for each change.

Raw SQL because this is the path of every post, on a host once for each member.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from graphchat.client.groups.live import LiveGroup, Peer
from graphchat.client.rows import Row
from graphchat.content.group import Range
from graphchat.core import record
from graphchat.core.groups.chains import Chain
from graphchat.core.groups.entry import Signed
from graphchat.core.groups.post import SignedPost
from graphchat.store import Cursor


def new_group(group: LiveGroup, now: float) -> Row:
    return Row(
        "INSERT INTO client_group (id, profile_id, gid, status, address, machine, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            group.id,
            group.profile,
            group.gid,
            group.status,
            group.address,
            record.dump(group.record),
            now,
        ),
    )


def group(found: LiveGroup) -> Row:
    return Row(
        "UPDATE client_group SET status = ?, address = ?, machine = ? WHERE id = ?",
        (found.status, found.address, record.dump(found.record), found.id),
    )


def peer(group_id: int, found: Peer) -> Row:
    return Row(
        "INSERT INTO client_group_peer (group_id, connection, key, kind, state, entry_cursor,"
        " post_cursor, floor) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (connection) DO UPDATE"
        " SET key = excluded.key, state = excluded.state, entry_cursor = excluded.entry_cursor,"
        " post_cursor = excluded.post_cursor, floor = excluded.floor",
        (
            group_id,
            found.connection,
            found.key,
            found.kind,
            found.state,
            found.entry_cursor,
            found.post_cursor,
            found.floor,
        ),
    )


def drop_peer(connection: int) -> Row:
    return Row("DELETE FROM client_group_peer WHERE connection = ?", (connection,))


def entry(row_id: int, group_id: int, signed: Signed, origin: int) -> Row:
    return Row(
        "INSERT OR IGNORE INTO client_group_entry (id, group_id, hash, author, origin, data)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (row_id, group_id, signed.hash, signed.entry.author, origin, signed.pack()),
    )


def chain(group_id: int, author: bytes, found: Chain) -> Row:
    return Row(
        "INSERT INTO client_group_author (group_id, author, machine) VALUES (?, ?, ?)"
        " ON CONFLICT (group_id, author) DO UPDATE SET machine = excluded.machine",
        (group_id, author, record.dump(found)),
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a post besides its bytes."""

    origin: int
    """The connection by which it came; 0 for our own."""
    text: str
    sent_at: float
    state: str
    outgoing: bool = False
    target: bytes | None = None
    """The id of the post that it is about."""


def post(row_id: int, group_id: int, signed: SignedPost, kept: Kept) -> Row:
    """Keep a post; one that waited gives way to it."""
    said, deleted = signed.post, kept.state == "deleted"
    return Row(
        "INSERT INTO client_group_post (id, group_id, author, seq, msg_id, origin, outgoing,"
        " text, data, sent_at, state, target, carrier, carrier_seq)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)"
        " ON CONFLICT (group_id, author, seq) DO UPDATE SET id = excluded.id,"
        " state = excluded.state, text = excluded.text, data = excluded.data,"
        " sent_at = excluded.sent_at, target = excluded.target"
        " WHERE client_group_post.state = 'held'",
        (
            row_id,
            group_id,
            said.author,
            said.seq,
            said.id,
            kept.origin,
            kept.outgoing,
            "" if deleted else kept.text,
            b"" if deleted else signed.pack(),
            kept.sent_at,
            kept.state,
            kept.target,
        ),
    )


def delete_post(group_id: int, author: bytes, seq: int) -> Row:
    """Keep of a post only that it was there."""
    return Row(
        "UPDATE client_group_post SET state = 'deleted', text = '', data = x''"
        " WHERE group_id = ? AND author = ? AND seq = ?",
        (group_id, author, seq),
    )


def carried(group_id: int, row_id: int, connection: int, seq: int) -> Row:
    return Row(
        "UPDATE client_group_post SET carrier = ?, carrier_seq = ?"
        " WHERE group_id = ? AND id = ? AND outgoing AND carrier = 0",
        (connection, seq, group_id, row_id),
    )


def disappear(group_id: int, before: float) -> Row:
    return Row(
        "UPDATE client_group_post SET state = 'deleted', text = '', data = x''"
        " WHERE group_id = ? AND sent_at < ? AND state NOT IN ('deleted', 'held')",
        (group_id, before),
    )


def request(group_id: int, key: bytes, ticket: bytes, signature: bytes, connection: int) -> Row:
    return Row(
        "INSERT INTO client_group_request (group_id, key, ticket, signature, connection)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (group_id, key) DO UPDATE"
        " SET connection = max(connection, excluded.connection)",
        (group_id, key, ticket, signature, connection),
    )


def drop_request(group_id: int, key: bytes) -> Row:
    return Row("DELETE FROM client_group_request WHERE group_id = ? AND key = ?", (group_id, key))


def remove_group(group_id: int) -> list[Row]:
    """Forget a group with its log and its history."""
    names = ("_peer", "_entry", "_post", "_author", "_request")
    owned = [f"DELETE FROM client_group{name} WHERE group_id = ?" for name in names]  # noqa: S608 - fixed
    last = "DELETE FROM client_group WHERE id = ?"
    return [Row(statement, (group_id,)) for statement in [*owned, last]]


# What is read


def entries_after(
    group_id: int, cursor_at: int, limit: int, cursor: Cursor
) -> list[tuple[int, bytes, int, bytes]]:
    """Return id, author, origin and bytes of the entries behind a row."""
    return cursor.execute(
        "SELECT id, author, origin, data FROM client_group_entry WHERE group_id = ? AND id > ?"
        " ORDER BY id LIMIT ?",
        (group_id, cursor_at, limit),
    ).fetchall()


def posts_after(
    group_id: int, cursor_at: int, limit: int, cursor: Cursor
) -> list[tuple[int, bytes, int, bytes, bytes]]:
    """Return id, author, origin, message id and bytes of the posts behind a row."""
    return cursor.execute(
        "SELECT id, author, origin, msg_id, data FROM client_group_post WHERE group_id = ?"
        " AND id > ? AND state != 'held' ORDER BY id LIMIT ?",
        (group_id, cursor_at, limit),
    ).fetchall()


def last_before(group_id: int, before: float, count: int, cursor: Cursor) -> int:
    """Return the row behind which are the last ``count`` posts that were sent before a time."""
    row = cursor.execute(
        "SELECT id FROM client_group_post WHERE group_id = ? AND sent_at < ? AND state != 'held'"
        " AND state != 'deleted' ORDER BY id DESC LIMIT 1 OFFSET ?",
        (group_id, before, count),
    ).fetchone()
    return int(row[0]) if row else 0


def first_behind(group_id: int, floor: int, cursor: Cursor) -> list[tuple[bytes, bytes]]:
    """Return each author's first post behind a row, as author and bytes."""
    return cursor.execute(
        "SELECT author, data FROM client_group_post p WHERE group_id = ? AND id > ?"
        " AND data != x'' AND state != 'held' AND seq = (SELECT min(seq) FROM client_group_post q"
        " WHERE q.group_id = p.group_id AND q.author = p.author AND q.id > ?"
        " AND q.data != x'' AND q.state != 'held')",
        (group_id, floor, floor),
    ).fetchall()


def posts_in(group_id: int, wanted: Range, floor: int, cursor: Cursor) -> list[bytes]:
    """Return the bytes of these posts, as far as they are behind ``floor``."""
    found = cursor.execute(
        "SELECT data FROM client_group_post WHERE group_id = ? AND author = ?"
        " AND seq BETWEEN ? AND ? AND id > ? AND data != x'' AND state != 'held' ORDER BY seq",
        (group_id, wanted.author, wanted.first, wanted.last, floor),
    )
    return [data for (data,) in found]


def entries_named(group_id: int, names: list[bytes], cursor: Cursor) -> list[bytes]:
    marks = ", ".join("?" * len(names))
    found = cursor.execute(
        f"SELECT data FROM client_group_entry WHERE group_id = ? AND hash IN ({marks})",  # noqa: S608 - question marks
        (group_id, *names),
    )
    return [data for (data,) in found]


def requests(group_id: int, cursor: Cursor) -> list[tuple[bytes, bytes, bytes, int]]:
    """Return key, ticket, signature and connection of who waits, oldest first."""
    return cursor.execute(
        "SELECT key, ticket, signature, connection FROM client_group_request WHERE group_id = ?"
        " ORDER BY id",
        (group_id,),
    ).fetchall()


Said = tuple[int, bytes, int, bytes, bool, bytes, float, str]


_SAID: Final = (
    "SELECT id, author, seq, msg_id, outgoing, data, sent_at,"
    " CASE WHEN NOT outgoing OR state = 'deleted' THEN state WHEN carrier = 0 THEN 'queued'"
    " WHEN EXISTS (SELECT 1 FROM client_frame f WHERE f.connection_id = carrier"
    " AND f.seq = carrier_seq) THEN 'queued' ELSE 'delivered' END"
    " FROM client_group_post WHERE group_id = ? AND state != 'held' AND target IS NULL"
)


def history(group_id: int, before: int | None, limit: int, cursor: Cursor) -> list[Said]:
    """Return the newest posts: id, author, seq, message id, outgoing, bytes, time, state."""
    return cursor.execute(
        f"{_SAID} AND (? IS NULL OR id < ?) ORDER BY id DESC LIMIT ?",
        (group_id, before, before, limit),
    ).fetchall()


def posts_at(group_id: int, positions: Sequence[int], cursor: Cursor) -> list[Said]:
    """Return the posts at these positions, newest first, as `history`."""
    marks = ", ".join("?" * len(positions))
    return cursor.execute(
        f"{_SAID} AND id IN ({marks}) ORDER BY id DESC", (group_id, *positions)
    ).fetchall()


def own_said(group_id: int, author: bytes, number: int, cursor: Cursor) -> bytes | None:
    """Return the id of a post, by its author and number."""
    row = cursor.execute(
        "SELECT msg_id FROM client_group_post WHERE group_id = ? AND author = ? AND seq = ?"
        " AND state NOT IN ('held', 'deleted')",
        (group_id, author, number),
    ).fetchone()
    return bytes(row[0]) if row else None


def by_id(group_id: int, message_id: bytes, cursor: Cursor) -> list[tuple[bytes, bytes]]:
    """Return author and bytes of the posts with this id."""
    return cursor.execute(
        "SELECT author, data FROM client_group_post WHERE group_id = ? AND msg_id = ?"
        " AND data != x'' AND state != 'held'",
        (group_id, message_id),
    ).fetchall()


def own_post(group_id: int, message_id: bytes, cursor: Cursor) -> int | None:
    """Return the row of a post of ours with this id, if there is one."""
    row = cursor.execute(
        "SELECT id FROM client_group_post WHERE group_id = ? AND outgoing AND msg_id = ?",
        (group_id, message_id),
    ).fetchone()
    return int(row[0]) if row else None
