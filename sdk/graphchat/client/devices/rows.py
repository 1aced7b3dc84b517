"""The rows of devices, as SQL and arguments, and how they are read."""

from itertools import count

from graphchat.client.devices.state import Branch, Index, OwnDevice
from graphchat.client.rows import Row
from graphchat.store import Cursor


def own(found: OwnDevice, now: float) -> Row:
    return Row(
        "INSERT INTO client_device (id, profile_id, device, name, connection, state, cursor, done,"
        " total, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " name = excluded.name, connection = excluded.connection, state = excluded.state,"
        " cursor = excluded.cursor, done = excluded.done, total = excluded.total",
        (
            found.id,
            found.profile,
            found.device,
            found.name,
            found.connection,
            found.state,
            found.cursor,
            found.done,
            found.total,
            now,
        ),
    )


def branch(found: Branch) -> Row:
    return Row(
        "INSERT INTO client_branch (id, contact, connection, device, added_by, via, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " connection = excluded.connection, device = excluded.device,"
        " added_by = excluded.added_by, via = excluded.via, state = excluded.state",
        (
            found.id,
            found.contact,
            found.connection,
            found.device,
            found.added_by,
            found.via,
            found.state,
        ),
    )


def drop_branch(row_id: int) -> Row:
    return Row("DELETE FROM client_branch WHERE id = ?", (row_id,))


def drop_own(row_id: int) -> Row:
    return Row("DELETE FROM client_device WHERE id = ?", (row_id,))


def forget(contact: int) -> tuple[Row, Row]:
    """Forget what is known of the devices of a contact that is removed."""
    return (
        Row("DELETE FROM client_branch WHERE contact = ?", (contact,)),
        Row("DELETE FROM client_echo WHERE contact = ?", (contact,)),
    )


def retire(connection: int) -> tuple[Row, ...]:
    """Keep of a connection only what people see: nobody is at its other end any more."""
    return tuple(
        Row(f"DELETE FROM {table} WHERE connection_id = ?", (connection,))  # noqa: S608 - names
        for table in ("client_frame", "client_held_frame")
    )


def index(cursor: Cursor) -> Index:
    """Return all that is known of devices."""
    found = Index()
    for row in cursor.execute(
        "SELECT id, profile_id, device, name, state, connection, cursor, done, total"
        " FROM client_device ORDER BY id"
    ):
        found.own[row[0]] = OwnDevice(*row)
    for row in cursor.execute(
        "SELECT id, contact, state, connection, device, added_by, via FROM client_branch"
        " ORDER BY id"
    ):
        each = Branch(*row)
        found.branches[each.id] = each
        found.families[each.contact] = (*found.families.get(each.contact, ()), each.id)
        if each.connection is not None and each.connection != each.contact:
            found.contacts[each.connection] = each.contact
    found.own_ids = _after(cursor, "client_device")
    found.branch_ids = _after(cursor, "client_branch")
    return found


def contacts(profile: int, kinds: tuple[str, ...], cursor: Cursor) -> list[int]:
    """Return the contacts of a profile that other devices are to know."""
    marks = ", ".join("?" * len(kinds))
    found = cursor.execute(
        "SELECT id FROM client_connection WHERE profile_id = ? AND state = 'established'"  # noqa: S608 - question marks
        f" AND kind NOT IN ({marks}) ORDER BY id",
        (profile, *kinds),
    )
    return [row[0] for row in found]


def by_cid(profile: int, cid: bytes, cursor: Cursor) -> int | None:
    """Return the connection with this id, if the profile has it."""
    row = cursor.execute(
        "SELECT id FROM client_connection WHERE profile_id = ? AND cid = ?", (profile, cid)
    ).fetchone()
    return row[0] if row else None


def _after(cursor: Cursor, table: str) -> "count[int]":
    row = cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    return count(1 + (row[0] if row else 0))
