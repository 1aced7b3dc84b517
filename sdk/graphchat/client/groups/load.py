"""From rows back to groups."""

from dataclasses import dataclass, field
from itertools import count

from graphchat.client.groups.live import GroupRecord, LiveGroup, Peer
from graphchat.core import record
from graphchat.core.groups.chains import Chain, Chains
from graphchat.core.groups.entry import Signed
from graphchat.core.groups.log import Log
from graphchat.core.groups.post import SignedPost
from graphchat.errors import RemoteProtocolError
from graphchat.store import Cursor


@dataclass(slots=True)
class Index:
    """Which groups there are, and which connections serve them."""

    groups: dict[int, tuple[int, bytes]] = field(default_factory=dict[int, tuple[int, bytes]])
    """Profile and id of the group, by row."""
    connections: dict[int, int] = field(default_factory=dict[int, int])
    addresses: dict[int, int] = field(default_factory=dict[int, int])
    restored: list[int] = field(default_factory=list[int])
    """Groups out of a backup that nothing was done about yet."""
    group_ids: "count[int]" = field(default_factory=lambda: count(1))
    entry_ids: "count[int]" = field(default_factory=lambda: count(1))
    post_ids: "count[int]" = field(default_factory=lambda: count(1))


def index(cursor: Cursor) -> Index:
    found = Index()
    for row_id, profile, gid, address, machine in cursor.execute(
        "SELECT id, profile_id, gid, address, machine FROM client_group"
    ):
        found.groups[row_id] = (profile, gid)
        if record.load(machine, GroupRecord).restored:
            found.restored.append(row_id)
        if address is not None:
            found.addresses[address] = row_id
    for connection, group in cursor.execute("SELECT connection, group_id FROM client_group_peer"):
        found.connections[connection] = group
    found.group_ids = _after(cursor, "client_group")
    found.entry_ids = _after(cursor, "client_group_entry")
    found.post_ids = _after(cursor, "client_group_post")
    return found


def _after(cursor: Cursor, table: str) -> "count[int]":
    row = cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    return count(1 + (row[0] if row else 0))


def group(row_id: int, now: float, cursor: Cursor) -> LiveGroup | None:
    """Load one group; ``now`` is of the monotonic clock."""
    row = cursor.execute(
        "SELECT profile_id, gid, status, address, machine FROM client_group WHERE id = ?",
        (row_id,),
    ).fetchone()
    if row is None:
        return None
    profile, gid, status, address, machine = row
    log, chains = Log(gid), Chains(gid)
    known = record.load(machine, GroupRecord)
    found = LiveGroup(row_id, profile, gid, status, known, log, chains, address)
    _entries(found, cursor)
    _chains(found, now, cursor)
    for fields in cursor.execute(
        "SELECT connection, kind, key, state, entry_cursor, post_cursor, floor"
        " FROM client_group_peer WHERE group_id = ?",
        (row_id,),
    ):
        peer = found.peers[fields[0]] = Peer(*fields)
        peer.since = now
    return found


def _entries(found: LiveGroup, cursor: Cursor) -> None:
    for row_id, data in cursor.execute(
        "SELECT id, data FROM client_group_entry WHERE group_id = ? ORDER BY id", (found.id,)
    ).fetchall():
        found.newest_entry = row_id
        try:
            found.log.add(Signed.unpack(data))
        except RemoteProtocolError:
            continue  # it waited for others, and turned out to be wrong


def _chains(found: LiveGroup, now: float, cursor: Cursor) -> None:
    for author, machine in cursor.execute(
        "SELECT author, machine FROM client_group_author WHERE group_id = ?", (found.id,)
    ):
        found.chains.authors[author] = record.load(machine, Chain)
    for author, seq, data in cursor.execute(
        "SELECT author, seq, data FROM client_group_post WHERE group_id = ? AND state = 'held'",
        (found.id,),
    ).fetchall():
        found.chains.held[author, seq] = SignedPost.unpack(data)
        found.waiting.setdefault(author, now)
    for (newest,) in cursor.execute(
        "SELECT ifnull(max(id), 0) FROM client_group_post WHERE group_id = ?", (found.id,)
    ):
        found.newest_post = newest
