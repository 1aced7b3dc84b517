"""The first opening of a home that was restored from a backup.

Rule: one transaction, before anything is sent: a crash leaves the mark, and it is done again.
"""

from graphchat.client.groups.live import GroupRecord
from graphchat.client.introducing import KEY as INTRODUCTION
from graphchat.clock import Clock
from graphchat.core import record, restored
from graphchat.core.connection import ConnectionState
from graphchat.core.handshake import Phase
from graphchat.core.lane import LaneState
from graphchat.store import Cursor
from graphchat.store.backup import RESTORED

UNCERTAIN = "uncertain"
"""The state of a message that was on its way when the backup was made."""


def is_marked(cursor: Cursor) -> bool:
    found = cursor.execute("SELECT 1 FROM client_setting WHERE key = ?", (RESTORED,))
    return found.fetchone() is not None


def settle(clock: Clock, cursor: Cursor) -> None:
    """Renew every connection, and take the mark away."""
    found = cursor.execute("SELECT id, machine FROM client_connection").fetchall()
    for row_id, machine in found:
        state = record.load(machine, ConnectionState)
        # Before that nothing was sealed, and the welcome that waits is still to be said.
        if state.handshake.phase in {Phase.PENDING, Phase.ESTABLISHED}:
            _renew(row_id, state, clock, cursor)
    for row_id, machine in cursor.execute("SELECT id, machine FROM client_group").fetchall():
        group = record.load(machine, GroupRecord)
        group.restored = True
        cursor.execute(
            "UPDATE client_group SET machine = ? WHERE id = ?", (record.dump(group), row_id)
        )
    # Keys of an introduction that was going on may have been used since.
    cursor.execute("DELETE FROM client_setting WHERE key GLOB ?", (f"{INTRODUCTION}*",))
    cursor.execute("DELETE FROM client_setting WHERE key = ?", (RESTORED,))


def _renew(row_id: int, state: ConnectionState, clock: Clock, cursor: Cursor) -> None:
    own = (row_id,)
    rows = cursor.execute("SELECT id, machine FROM client_lane WHERE connection_id = ?", own)
    lanes = {key: record.load(machine, LaneState) for key, machine in rows.fetchall()}
    restored.renew(state, lanes.values(), clock)
    cursor.execute(
        "UPDATE client_connection SET owes = 0, machine = ? WHERE id = ?",
        (record.dump(state), row_id),
    )
    for key, lane in lanes.items():
        cursor.execute("UPDATE client_lane SET machine = ? WHERE id = ?", (record.dump(lane), key))
        cursor.execute("DELETE FROM client_envelope WHERE lane_id = ?", (key,))
    for table in ("client_frame", "client_held_frame"):
        cursor.execute(f"DELETE FROM {table} WHERE connection_id = ?", own)  # noqa: S608 - one of two names
    cursor.execute(
        "DELETE FROM client_work WHERE connection = ? AND kind IN ('widen', 'join')", own
    )
    cursor.execute(
        "UPDATE client_message SET state = ? WHERE connection_id = ? AND outgoing"
        " AND state IN ('queued', 'sent')",
        (UNCERTAIN, row_id),
    )
