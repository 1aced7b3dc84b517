"""The rows that a client writes, as SQL and arguments: one function for each change.

Raw SQL because this is the path of every message: a row through the ORM costs a hundred times
as much. Tables are those of `graphchat.store.models`.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from graphchat.client.address_state import OpenAddress
from graphchat.client.live import ConversationTimer, Live, Waiting
from graphchat.client.stored import EventRecord, Work, kind_of
from graphchat.core import record
from graphchat.core.handshake import Phase, Role
from graphchat.core.inbox import Signed
from graphchat.core.lane import LaneState
from graphchat.store import Cursor

COMMANDS: Final = "commands "
"""How the key of the setting begins that holds what a contact understands; then its row."""


class Row(NamedTuple):
    """One statement for the current transaction."""

    sql: str
    arguments: tuple[object, ...]


def state_of(live: Live) -> str:
    """Return the phase for queries; failures, and requests to us, have names of their own."""
    shake = live.connection.state.handshake
    if live.failed:
        return "failed"
    waits_for_us = shake.role is Role.ALICE and shake.phase is Phase.REQUESTED
    return "request" if waits_for_us else shake.phase.value


def setting(key: str, value: bytes) -> Row:
    return Row(
        "INSERT INTO client_setting (key, value) VALUES (?, ?)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )


def connection(live: Live) -> Row:
    """Update what changes while a connection lives."""
    machine = live.connection
    return Row(
        "UPDATE client_connection SET name = ?, kind = ?, state = ?, owes = ?, machine = ?"
        " WHERE id = ?",
        (
            live.name,
            live.kind,
            state_of(live),
            machine.owes,
            record.dump(machine.state),
            live.id,
        ),
    )


def trust(live: Live) -> Row:
    return Row("UPDATE client_connection SET trust = ? WHERE id = ?", (live.trust, live.id))


def new_connection(live: Live, now: float) -> Row:
    machine = live.connection
    return Row(
        "INSERT INTO client_connection (id, cid, profile_id, name, kind, state, trust, owes,"
        " machine, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?)",
        (
            live.id,
            machine.cid,
            live.profile,
            live.name,
            live.kind,
            state_of(live),
            live.trust,
            record.dump(machine.state),
            now,
        ),
    )


def lane(connection_id: int, state: LaneState) -> Row:
    return Row(
        "INSERT INTO client_lane (connection_id, number, recipient_id, machine)"
        " VALUES (?, ?, ?, ?)"
        " ON CONFLICT (connection_id, number) DO UPDATE SET machine = excluded.machine",
        (connection_id, state.number, state.recipient_id, record.dump(state)),
    )


def drop_lane(connection_id: int, number: int) -> tuple[Row, Row]:
    """Forget a lane, with what still waits for its relay."""
    return (
        Row(
            "DELETE FROM client_envelope WHERE lane_id IN"
            " (SELECT id FROM client_lane WHERE connection_id = ? AND number = ?)",
            (connection_id, number),
        ),
        Row(
            "DELETE FROM client_lane WHERE connection_id = ? AND number = ?",
            (connection_id, number),
        ),
    )


def frame(connection_id: int, seq: int, message_id: bytes, data: bytes, now: float) -> Row:
    return Row(
        "INSERT INTO client_frame (connection_id, seq, msg_id, data, created_at)"
        " VALUES (?, ?, ?, ?, ?)",
        (connection_id, seq, message_id, data, now),
    )


def delivered(contact_id: int, connection_id: int, seq: int) -> tuple[Row, Row]:
    """Everything up to ``seq`` has arrived: mark the messages, drop the frames."""
    return (
        Row(
            "UPDATE client_message SET state = 'delivered' WHERE connection_id = ?"
            " AND outgoing AND msg_id IN"
            " (SELECT msg_id FROM client_frame WHERE connection_id = ? AND seq <= ?)",
            (contact_id, connection_id, seq),
        ),
        Row(
            "DELETE FROM client_frame WHERE connection_id = ? AND seq <= ?",
            (connection_id, seq),
        ),
    )


def said(
    contact_id: int, connection_id: int, first: int, last: int, cursor: Cursor
) -> list[tuple[bytes]]:
    """Return the ids of messages in the frames ``first`` to ``last`` that nobody had before."""
    return cursor.execute(
        "SELECT m.msg_id FROM client_frame f JOIN client_message m"
        " ON m.connection_id = ? AND m.msg_id = f.msg_id"
        " WHERE f.connection_id = ? AND f.seq BETWEEN ? AND ? AND m.outgoing"
        " AND m.state != 'delivered' ORDER BY f.seq",
        (contact_id, connection_id, first, last),
    ).fetchall()


def frames(connection_id: int, seqs: Sequence[int], cursor: Cursor) -> list[tuple[int, bytes]]:
    """Return those of these frames that are stored, as number and `OwnFrame.pack`."""
    marks = ", ".join("?" * len(seqs))
    return cursor.execute(
        f"SELECT seq, data FROM client_frame WHERE connection_id = ? AND seq IN ({marks})"  # noqa: S608 - question marks
        " ORDER BY seq",
        (connection_id, *seqs),
    ).fetchall()


def sent(contact_id: int, connection_id: int, seq: int) -> Row:
    """Note that a relay has a message to a contact, by one of its connections."""
    return Row(
        "UPDATE client_message SET state = 'sent' WHERE connection_id = ? AND outgoing"
        " AND state = 'queued' AND msg_id ="
        " (SELECT msg_id FROM client_frame WHERE connection_id = ? AND seq = ?)",
        (contact_id, connection_id, seq),
    )


def envelope(connection_id: int, number: int, waiting: Waiting) -> Row:
    return Row(
        "INSERT INTO client_envelope (id, lane_id, seq, request_id, data) VALUES"
        " (?, (SELECT id FROM client_lane WHERE connection_id = ? AND number = ?), ?, ?, ?)",
        (
            waiting.tag,
            connection_id,
            number,
            waiting.seq,
            waiting.request_id,
            waiting.envelope,
        ),
    )


def drop_envelope(tag: int) -> Row:
    return Row("DELETE FROM client_envelope WHERE id = ?", (tag,))


def keep(connection_id: int, signed: Signed) -> Row:
    return Row(
        "INSERT OR IGNORE INTO client_held_frame (connection_id, stream, seq, data)"
        " VALUES (?, ?, ?, ?)",
        (connection_id, signed.frame.stream, signed.frame.seq, signed.pack()),
    )


def release(connection_id: int, stream: bytes, seq: int) -> Row:
    return Row(
        "DELETE FROM client_held_frame WHERE connection_id = ? AND stream = ? AND seq = ?",
        (connection_id, stream, seq),
    )


class Spoken(NamedTuple):
    """One line of a conversation."""

    connection_id: int
    message_id: bytes
    outgoing: bool
    kind: str
    text: str
    data: bytes
    sent_at: float
    received_at: float
    state: str
    lasts: int | None = None
    """Seconds from ``received_at`` until it disappears; None: it stays."""


def message(spoken: Spoken) -> Row:
    expires_at = None if spoken.lasts is None else spoken.received_at + spoken.lasts
    return Row(
        "INSERT OR IGNORE INTO client_message (connection_id, msg_id, outgoing, kind, text, data,"
        " sent_at, received_at, state, lasts, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*spoken, expires_at),
    )


def timer(connection_id: int, found: ConversationTimer) -> Row:
    return Row(
        "INSERT INTO client_conversation (connection_id, timer, timer_version, timer_ours)"
        " VALUES (?, ?, ?, ?) ON CONFLICT (connection_id) DO UPDATE SET timer = excluded.timer,"
        " timer_version = excluded.timer_version, timer_ours = excluded.timer_ours",
        (connection_id, found.seconds, found.version, found.ours),
    )


def renamed(connection_id: int) -> Row:
    return Row(
        "INSERT INTO client_conversation (connection_id, renamed) VALUES (?, 1)"
        " ON CONFLICT (connection_id) DO UPDATE SET renamed = 1",
        (connection_id,),
    )


def read_here(connection_id: int, position: int) -> Row:
    """Note that messages of theirs were read; a mark never goes back."""
    return Row(
        "INSERT INTO client_conversation (connection_id, read_here) VALUES (?, ?)"
        " ON CONFLICT (connection_id) DO UPDATE SET read_here = excluded.read_here"
        " WHERE read_here < excluded.read_here",
        (connection_id, position),
    )


def read_there(connection_id: int, position: int) -> Row:
    """Note that messages of ours were read; a mark never goes back."""
    return Row(
        "INSERT INTO client_conversation (connection_id, read_there) VALUES (?, ?)"
        " ON CONFLICT (connection_id) DO UPDATE SET read_there = excluded.read_there"
        " WHERE read_there < excluded.read_there",
        (connection_id, position),
    )


def drop_events(connection_id: int, kind: str) -> Row:
    """Forget events of a kind that were not told yet: the next one says all."""
    return Row("DELETE FROM client_event WHERE connection = ? AND kind = ?", (connection_id, kind))


def first_event(profile_id: int, event: EventRecord, now: float, spoken: Spoken) -> Row:
    """Store the event of a message, unless they said one with its id before."""
    return Row(
        "INSERT INTO client_event (profile_id, connection, kind, data, created_at)"
        " SELECT ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM client_message"
        " WHERE connection_id = ? AND NOT outgoing AND msg_id = ?)",
        (*_event(profile_id, event, now), spoken.connection_id, spoken.message_id),
    )


def conflict_event(profile_id: int, event: EventRecord, now: float, spoken: Spoken) -> Row:
    """Store the event if they said something else with the id of a message before."""
    return Row(
        "INSERT INTO client_event (profile_id, connection, kind, data, created_at)"
        " SELECT ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM client_message"
        " WHERE connection_id = ? AND NOT outgoing AND msg_id = ? AND data != ?"
        " AND edited_at IS NULL AND deleted_at IS NULL)",
        (*_event(profile_id, event, now), spoken.connection_id, spoken.message_id, spoken.data),
    )


def lone_event(profile_id: int, event: EventRecord, now: float) -> Row:
    """Store an event, unless the very same one waits already."""
    values = _event(profile_id, event, now)
    return Row(
        "INSERT INTO client_event (profile_id, connection, kind, data, created_at)"
        " SELECT ?, ?, ?, ?, ?"
        " WHERE NOT EXISTS (SELECT 1 FROM client_event WHERE profile_id = ? AND data = ?)",
        (*values, profile_id, values[3]),
    )


def event(profile_id: int, event: EventRecord, now: float) -> Row:
    return Row(
        "INSERT INTO client_event (profile_id, connection, kind, data, created_at)"
        " VALUES (?, ?, ?, ?, ?)",
        _event(profile_id, event, now),
    )


def _event(profile_id: int, event: EventRecord, now: float) -> tuple[object, ...]:
    return profile_id, event.connection, kind_of(event), record.dump(event), now


def work(work_id: int, connection_id: int | None, found: Work) -> Row:
    return Row(
        "INSERT INTO client_work (id, connection, kind, data, attempts) VALUES (?, ?, ?, ?, 0)",
        (work_id, connection_id, kind_of(found), record.dump(found)),
    )


def address(opened: OpenAddress, code: str, now: float) -> Row:
    return Row(
        "INSERT INTO client_address (id, profile_id, address_id, machine, code, accept_all,"
        " created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            opened.id,
            opened.profile,
            opened.state.code.id,
            record.dump(opened.state),
            code,
            opened.accept_all,
            now,
        ),
    )


def change_address(opened: OpenAddress) -> Row:
    return Row(
        "UPDATE client_address SET machine = ? WHERE id = ?",
        (record.dump(opened.state), opened.id),
    )


def drop_address(address_id: int) -> Row:
    return Row("DELETE FROM client_address WHERE id = ?", (address_id,))


def try_work(work_id: int, attempts: int) -> Row:
    """Note how often work was begun and may have been done."""
    return Row("UPDATE client_work SET attempts = ? WHERE id = ?", (attempts, work_id))


def change_work(work_id: int, changed: Work) -> Row:
    return Row("UPDATE client_work SET data = ? WHERE id = ?", (record.dump(changed), work_id))


def drop_work(work_id: int) -> Row:
    return Row("DELETE FROM client_work WHERE id = ?", (work_id,))


def remove_connection(row_id: int) -> list[Row]:
    """Forget a connection with its history."""
    lanes = "(SELECT id FROM client_lane WHERE connection_id = ?)"
    owned = (
        *("client_lane", "client_frame", "client_held_frame", "client_message"),
        *("client_evidence", "client_receipt"),
        *("client_amendment", "client_conversation"),
    )
    return [
        Row(f"DELETE FROM client_envelope WHERE lane_id IN {lanes}", (row_id,)),  # noqa: S608
        *(Row(f"DELETE FROM {table} WHERE connection_id = ?", (row_id,)) for table in owned),  # noqa: S608
        Row("DELETE FROM client_event WHERE connection = ?", (row_id,)),
        Row("DELETE FROM client_setting WHERE key = ?", (f"{COMMANDS}{row_id}",)),
        # Its queues are still to be deleted; nothing else is to be done for it.
        Row("DELETE FROM client_work WHERE connection = ? AND kind != 'remove'", (row_id,)),
        Row("DELETE FROM client_connection WHERE id = ?", (row_id,)),
    ]
