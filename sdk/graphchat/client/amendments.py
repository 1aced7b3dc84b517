"""Rows of edits, deletions, reactions and votes, within the commit that they came with.

Rule: only its author changes a message. What comes before its target waits for it; nothing
changes what is deleted. docs/protocol.md, section 16.

These read what earlier rows of the same unit have written, so they are given its cursor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from msgspec import structs

from graphchat import content
from graphchat.client import evidence, rows
from graphchat.client.history import DELETED, decode
from graphchat.client.rows import Row
from graphchat.client.stored import (
    DeletedRecord,
    EditedRecord,
    EventRecord,
    ReactedRecord,
    VotedRecord,
)
from graphchat.content import Delete, Edit, Image, Message, Poll, Reaction, Text, Vote
from graphchat.content.amending import Amending
from graphchat.content.spoken import MAX_CAPTION
from graphchat.content.words import kind_of, text_of
from graphchat.store import Cursor


@dataclass(frozen=True, slots=True)
class Said:
    """One message about another one."""

    connection: int
    profile: int
    outgoing: bool
    id: bytes
    message: Amending
    at: float
    """When its author said it, as far as we believe that."""
    now: float


class Target(NamedTuple):
    """The message that another one is about."""

    row: int
    outgoing: bool
    data: bytes
    deleted: bool

    @property
    def message(self) -> Message:
        return decode(self.data)


def find(connection: int, message: Amending, outgoing: bool, cursor: Cursor) -> Target | None:  # noqa: FBT001 - a column
    """Return what ``message`` is about; ``outgoing`` tells whether we say it."""
    # Of others first: an id that both sides used means the message of the other side.
    sides = [outgoing] if isinstance(message, Edit | Delete) else [not outgoing, outgoing]
    for side in sides:
        row = cursor.execute(
            "SELECT id, outgoing, data, deleted_at IS NOT NULL FROM client_message"
            " WHERE connection_id = ? AND msg_id = ? AND outgoing = ?",
            (connection, message.target, side),
        ).fetchone()
        if row is not None:
            return Target(row[0], bool(row[1]), row[2], bool(row[3]))
    return None


def apply(said: Said, cursor: Cursor) -> None:
    """Change what ``said`` changes, and tell the application what the other side did."""
    target = find(said.connection, said.message, said.outgoing, cursor)
    if target is None:
        _wait(said, cursor)
        return
    event = None if target.deleted else _amend(said, target, cursor)
    if event is not None and not said.outgoing:
        _run(cursor, rows.event(said.profile, event, said.now))


def settle(
    connection: int, message_id: bytes, now: float, cursor: Cursor, *, outgoing: bool = False
) -> None:
    """Do to a message what came before it: its author said so."""
    waiting = cursor.execute(
        "SELECT kind, data FROM client_amendment WHERE connection_id = ? AND target = ?"
        " AND outgoing = ? AND kind IN ('edit', 'delete')",
        (connection, message_id, outgoing),
    ).fetchall()
    for _, data in waiting:
        message = decode(data)
        assert isinstance(message, Edit | Delete)
        target = find(connection, message, outgoing, cursor)
        if target is not None and isinstance(message, Delete):
            scrub(connection, [(target.row, outgoing, message_id)], now, cursor)
        elif target is not None and isinstance(message, Edit):
            _edit(connection, target, message, now, cursor)
    if waiting:
        cursor.execute(
            "DELETE FROM client_amendment WHERE connection_id = ? AND target = ?"
            " AND outgoing = ? AND kind IN ('edit', 'delete')",
            (connection, message_id, outgoing),
        )


def scrub(
    connection: int, found: Sequence[tuple[int, bool, bytes]], now: float, cursor: Cursor
) -> None:
    """Leave nothing of messages (row, side, id) but that they were there."""
    for row, outgoing, message_id in found:
        cursor.execute(
            "UPDATE client_message SET kind = ?, text = '', data = x'', edited_at = NULL,"
            " deleted_at = ? WHERE id = ?",
            (DELETED, now, row),
        )
        forget(connection, outgoing, message_id, cursor)


def forget(connection: int, outgoing: bool, message_id: bytes, cursor: Cursor) -> None:  # noqa: FBT001 - a column
    """Forget what was said about a message, and what would prove it."""
    cursor.execute(
        "DELETE FROM client_amendment WHERE connection_id = ? AND target = ?",
        (connection, message_id),
    )
    _run(cursor, evidence.forget(connection, message_id, outgoing=outgoing))


def edited(message: Message, text: str) -> Message | None:
    """Return ``message`` with another text or caption; None if it has neither."""
    match message:
        case Text():
            return structs.replace(message, text=text)
        case Image():
            return structs.replace(message, caption=text[:MAX_CAPTION])
        case _:
            return None


def _amend(said: Said, target: Target, cursor: Cursor) -> EventRecord | None:
    connection = said.connection
    match said.message:
        case Edit() as edit:
            if not _edit(connection, target, edit, said.now, cursor):
                return None
            return EditedRecord(connection, edit.target)
        case Delete(target=message_id):
            scrub(connection, [(target.row, target.outgoing, message_id)], said.now, cursor)
            return DeletedRecord(connection, message_id)
        case Reaction(target=message_id, emoji=emoji):
            _replace(said, cursor)
            return ReactedRecord(connection, message_id, emoji)
        case Vote(target=message_id, options=options):
            if not counts(target.message, options, said.at):
                return None
            _replace(said, cursor)
            return VotedRecord(connection, message_id, options)


def counts(message: Message, options: Sequence[int], at: float) -> bool:
    """Tell whether these options of a poll can be chosen at that time."""
    if not isinstance(message, Poll):
        return False
    is_open = not message.closes_ms or at * 1000 <= message.closes_ms
    fits = all(option < len(message.options) for option in options)
    return is_open and fits and (message.several or len(options) <= 1)


def _edit(connection: int, target: Target, edit: Edit, now: float, cursor: Cursor) -> bool:
    changed = edited(target.message, edit.text)
    if changed is None:
        return False
    _run(cursor, evidence.preserve(connection, edit.target, outgoing=target.outgoing))
    cursor.execute(
        "UPDATE client_message SET text = ?, data = ?, edited_at = ? WHERE id = ?",
        (text_of(changed), content.encode(changed), now, target.row),
    )
    return True


def _wait(said: Said, cursor: Cursor) -> None:
    """Keep what came before its target."""
    match said.message:
        case Edit() if _is_deleted(said, cursor):
            return
        case Delete():
            # What it is about will be gone: nothing else said about it matters.
            cursor.execute(
                "DELETE FROM client_amendment WHERE connection_id = ? AND target = ?"
                " AND outgoing = ? AND kind = 'edit'",
                (said.connection, said.message.target, said.outgoing),
            )
        case _:
            pass
    _replace(said, cursor)


def _is_deleted(said: Said, cursor: Cursor) -> bool:
    found = cursor.execute(
        "SELECT 1 FROM client_amendment WHERE connection_id = ? AND target = ?"
        " AND outgoing = ? AND kind = 'delete'",
        (said.connection, said.message.target, said.outgoing),
    )
    return found.fetchone() is not None


def _replace(said: Said, cursor: Cursor) -> None:
    """Keep what its author says about a target now, instead of what it said before."""
    place = (said.connection, said.message.target, said.outgoing, kind_of(said.message))
    if said.message in {Reaction(place[1], ""), Vote(place[1], ())}:  # taken back
        cursor.execute(
            "DELETE FROM client_amendment WHERE connection_id = ? AND target = ?"
            " AND outgoing = ? AND kind = ?",
            place,
        )
        return
    cursor.execute(
        "INSERT INTO client_amendment (connection_id, target, outgoing, kind, msg_id, data,"
        " said_at) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (connection_id, target, outgoing, kind) DO UPDATE SET"
        " msg_id = excluded.msg_id, data = excluded.data, said_at = excluded.said_at",
        (*place, said.id, content.encode(said.message), said.at),
    )


def _run(cursor: Cursor, row: Row) -> None:
    cursor.execute(*row)
