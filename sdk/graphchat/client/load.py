"""From rows back to loaded connections, addresses and work: what a restart begins with."""

from dataclasses import dataclass
from itertools import count

from graphchat.client import policy
from graphchat.client.address_state import AddressState, OpenAddress
from graphchat.client.context import AddressRoute, Context, Job, LaneRoute
from graphchat.client.live import ConversationTimer, Live, Traffic, Waiting
from graphchat.client.stored import Work
from graphchat.content import ProfileCard
from graphchat.core import record
from graphchat.core.connection import Connection, ConnectionState
from graphchat.core.handshake import Phase
from graphchat.core.inbox import Signed
from graphchat.core.lane import Lane, LaneState
from graphchat.store import Cursor


@dataclass(frozen=True, slots=True)
class Start:
    """What the engine has to take up again."""

    jobs: list[Job]
    active: list[int]
    """Connections that have something to send, or wait for something."""


def start(context: Context, cursor: Cursor) -> Start:
    """Fill ``context`` with routes, names and addresses; return what to take up again."""
    for queue, connection, lane in cursor.execute(
        "SELECT recipient_id, connection_id, number FROM client_lane"
    ):
        context.routes[queue] = LaneRoute(connection, lane)
    for profile, name in cursor.execute("SELECT profile_id, name FROM client_connection"):
        context.names[profile].add(name)
    context.cids.update(
        cid for (cid,) in cursor.execute("SELECT cid FROM client_connection").fetchall()
    )
    for profile, card, indicators in cursor.execute(
        "SELECT id, card, indicators FROM client_profile"
    ):
        context.cards[profile] = record.load(card, ProfileCard)
        if indicators:
            context.indicators.add(profile)
    for row in cursor.execute(
        "SELECT a.id, a.profile_id, a.machine, a.accept_all, ifnull(g.id, 0) FROM client_address a"
        " LEFT JOIN client_group g ON g.address = a.id"
    ):
        add_address(
            context,
            OpenAddress(row[0], row[1], record.load(row[2], AddressState), bool(row[3]), row[4]),
        )
    context.health.load(cursor)
    context.introductions.load(cursor)
    context.policy = policy.load(cursor)
    context.tags = _after(cursor, "client_envelope")
    context.work_ids = _after(cursor, "client_work")
    context.connection_ids = _after(cursor, "client_connection")
    context.address_ids = _after(cursor, "client_address")
    jobs = [
        Job(work_id, connection, record.load_any(data, Work), tried=attempts > 0)
        for work_id, connection, data, attempts in cursor.execute(
            "SELECT id, connection, data, attempts FROM client_work ORDER BY id"
        )
    ]
    active = cursor.execute(
        "SELECT connection_id FROM client_frame UNION SELECT connection_id FROM client_held_frame"
        " UNION SELECT l.connection_id FROM client_lane l"
        " JOIN client_envelope e ON l.id = e.lane_id"
        " UNION SELECT id FROM client_connection WHERE owes"
    ).fetchall()
    return Start(jobs, [row[0] for row in active])


def _after(cursor: Cursor, table: str) -> "count[int]":
    """Count from the first id that the table never had: a removed contact's is not reused."""
    row = cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    return count(1 + (row[0] if row else 0))


def queues(cursor: Cursor) -> list[tuple[int, LaneState]]:
    """Return every queue of a lane, with the profile that it belongs to."""
    found = cursor.execute(
        "SELECT c.profile_id, l.machine FROM client_lane l"
        " JOIN client_connection c ON c.id = l.connection_id"
    )
    return [(profile, record.load(machine, LaneState)) for profile, machine in found]


def add_address(context: Context, address: OpenAddress) -> None:
    context.addresses[address.id] = address
    for number, lane in enumerate(address.state.lanes):
        context.routes[lane.recipient_id] = AddressRoute(address.id, number)


def connection(context: Context, row_id: int, cursor: Cursor) -> Live | None:
    """Load one connection with everything that it needs to go on."""
    row = cursor.execute(
        "SELECT profile_id, name, kind, trust, machine, state FROM client_connection WHERE id = ?",
        (row_id,),
    ).fetchone()
    if row is None:
        return None
    lanes = {
        number: Lane(record.load(machine, LaneState))
        for number, machine in cursor.execute(
            "SELECT number, machine FROM client_lane WHERE connection_id = ? ORDER BY number",
            (row_id,),
        )
    }
    state = record.load(row[4], ConnectionState)
    machine = Connection(state, lanes, context.clock, context.schedule)
    machine.resume(_held(row_id, cursor))
    profile, name, kind, trust, _, phase = row
    live = Live(
        row_id, profile, name, kind, trust, machine, {number: Traffic() for number in lanes}
    )
    live.established = state.handshake.phase is Phase.ESTABLISHED
    live.failed = live.why_failed if phase == "failed" else ""
    live.named = state.handshake.peer_profile is not None
    _settled(live, cursor)
    live.answered = bool(
        cursor.execute(
            "SELECT 1 FROM client_work WHERE connection = ? AND kind = 'accept'", (row_id,)
        ).fetchone()
    )
    for number, tag, seq, request_id, data in cursor.execute(
        "SELECT l.number, e.id, e.seq, e.request_id, e.data FROM client_envelope e"
        " JOIN client_lane l ON l.id = e.lane_id WHERE l.connection_id = ? ORDER BY e.id",
        (row_id,),
    ):
        live.traffic[number].waiting[tag] = Waiting(tag, seq, request_id, data)
    return live


def _settled(live: Live, cursor: Cursor) -> None:
    """Load what was settled about the conversation."""
    row = cursor.execute(
        "SELECT timer, timer_version, timer_ours, renamed FROM client_conversation"
        " WHERE connection_id = ?",
        (live.id,),
    ).fetchone()
    if row is not None:
        live.timer = ConversationTimer(row[0], row[1], bool(row[2]))
        live.renamed = bool(row[3])


def _held(row_id: int, cursor: Cursor) -> list[Signed]:
    return [
        Signed.unpack(data)
        for (data,) in cursor.execute(
            "SELECT data FROM client_held_frame WHERE connection_id = ?", (row_id,)
        ).fetchall()
    ]
