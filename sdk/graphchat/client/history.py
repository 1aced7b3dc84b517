"""What was said with a contact, as people see it: lines with what was said about them since."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

from graphchat import content
from graphchat.content import Message, Reaction, Unknown, Vote
from graphchat.content.rules import MAX_QUOTE
from graphchat.content.words import text_of
from graphchat.errors import RemoteProtocolError
from graphchat.ids import MessageId
from graphchat.store import Cursor, Database

DELETED: Final = "deleted"
"""The kind of a message of which nothing else is left."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A reaction to a message."""

    outgoing: bool
    """Whose it is: ours, or theirs."""
    emoji: str


@dataclass(frozen=True, slots=True)
class Ballot:
    """An answer to a poll."""

    outgoing: bool
    """Whose it is: ours, or theirs."""
    options: tuple[int, ...]
    """Numbers of options, from 0."""


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a conversation, as the history keeps it."""

    id: MessageId
    outgoing: bool
    message: Message
    """As it was edited last; of a deleted one nothing: an `Unknown` of type ``deleted``."""
    sent_at: datetime
    state: str
    """``received`` for theirs; ``queued``, ``sent`` or ``delivered`` for ours."""
    position: int
    """Where it stands in the history; pass it as ``before`` for the page before it."""
    edited_at: datetime | None = None
    deleted: bool = False
    expires_at: datetime | None = None
    """When it disappears here."""
    quote: str = ""
    """What it replies to: from the history, else as its author quotes it."""
    reactions: tuple[Mark, ...] = ()
    votes: tuple[Ballot, ...] = ()
    read: bool = False
    """Of ours: a person has seen it, as far as the other side tells."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which lines somebody wants to see."""

    before: int | None
    """Only those above this position."""
    limit: int
    now: float
    """What disappeared before is not there."""


_COLUMNS: Final = (
    "id, connection_id, msg_id, outgoing, data, sent_at, state, edited_at, deleted_at, expires_at"
)
_LASTING: Final = "(expires_at IS NULL OR expires_at > ?)"
_Row = tuple[int, int, bytes, bool, bytes, float, str, float | None, float | None, float | None]


def page(connection: int, window: Window, cursor: Cursor) -> list[Line]:
    """Return the newest lines that are wanted, oldest first: see `Contact.history`."""
    before = window.before
    found = cursor.execute(
        f"SELECT {_COLUMNS} FROM client_message"  # noqa: S608 - names of columns
        f" WHERE connection_id = ? AND (? IS NULL OR id < ?) AND {_LASTING}"
        " ORDER BY id DESC LIMIT ?",
        (connection, before, before, window.now, window.limit),
    ).fetchall()
    return [line for _, line in _whole(list(reversed(found)), cursor)]


def positions(connection: int, now: float, cursor: Cursor) -> list[int]:
    """Return where every line of a conversation stands, oldest first."""
    found = cursor.execute(
        f"SELECT id FROM client_message WHERE connection_id = ? AND {_LASTING} ORDER BY id",  # noqa: S608 - a condition
        (connection, now),
    )
    return [row[0] for row in found]


async def lines_at(
    database: Database, positions: Sequence[int], now: float
) -> Sequence[tuple[int, Line]]:
    """Return the lines at ``positions``, oldest first, each with the row of its contact."""
    return await database.read(partial(_at, positions, now))


def _at(positions: Sequence[int], now: float, cursor: Cursor) -> list[tuple[int, Line]]:
    marks = ", ".join("?" * len(positions))
    found = cursor.execute(
        f"SELECT {_COLUMNS} FROM client_message"  # noqa: S608 - question marks
        f" WHERE id IN ({marks}) AND {_LASTING} ORDER BY id",
        (*positions, now),
    ).fetchall()
    return _whole(found, cursor)


def line(connection: int, message_id: bytes, outgoing: bool, cursor: Cursor) -> Line | None:  # noqa: FBT001 - a column
    """Return one line, if it is there."""
    found = cursor.execute(
        f"SELECT {_COLUMNS} FROM client_message"  # noqa: S608 - names of columns
        " WHERE connection_id = ? AND msg_id = ? AND outgoing = ?",
        (connection, message_id, outgoing),
    ).fetchall()
    return next((each for _, each in _whole(found, cursor)), None)


def matching(connection: int, start: str, cursor: Cursor) -> list[tuple[bytes, bool]]:
    """Return id and side of messages whose id begins with ``start``, newest first; two at most."""
    return cursor.execute(
        "SELECT msg_id, outgoing FROM client_message WHERE connection_id = ?"
        " AND hex(msg_id) LIKE ? || '%' ORDER BY id DESC LIMIT 2",
        (connection, start),
    ).fetchall()


def newest(connection: int, outgoing: bool | None, cursor: Cursor) -> bytes | None:  # noqa: FBT001 - a column
    """Return the id of the newest message of ours, of theirs, or of both, that is not deleted."""
    row = cursor.execute(
        "SELECT msg_id FROM client_message WHERE connection_id = ? AND deleted_at IS NULL"
        " AND (? IS NULL OR outgoing = ?) AND kind != 'contact.update' ORDER BY id DESC LIMIT 1",
        (connection, outgoing, outgoing),
    ).fetchone()
    return row[0] if row else None


def quoted(connection: int, message: Message, outgoing: bool, cursor: Cursor) -> str:  # noqa: FBT001 - a column
    """Return what ``message`` replies to: from the history, else as it claims itself."""
    target: bytes = getattr(message, "reply_to", b"")
    if not target:
        return ""
    row = cursor.execute(
        "SELECT text FROM client_message WHERE connection_id = ? AND msg_id = ?"
        " ORDER BY outgoing = ? LIMIT 1",
        (connection, target, outgoing),
    ).fetchone()
    return str(row[0])[:MAX_QUOTE] if row else str(getattr(message, "quote", ""))


def decode(payload: bytes) -> Message:
    """Return a stored message; what cannot be read is shown as unknown, not dropped."""
    try:
        return content.decode(payload)
    except RemoteProtocolError:
        return Unknown("damaged", payload)


def quote_of(found: Line) -> str:
    """Return what a reply repeats of a line."""
    return text_of(found.message)[:MAX_QUOTE]


def _whole(found: Sequence[_Row], cursor: Cursor) -> list[tuple[int, Line]]:
    """Return lines with what was said about them, each with the row of its contact."""
    marks = _marks([row[0] for row in found], cursor)
    read = {connection: _read(connection, cursor) for connection in {row[1] for row in found}}
    lines = []
    for row in found:
        made = _line(row, read[row[1]], marks.get(row[0], ()))
        quote = quoted(row[1], made.message, made.outgoing, cursor)
        lines.append((row[1], replace(made, quote=quote) if quote else made))
    return lines


def _line(row: _Row, read_there: int, about: Iterable[Mark | Ballot]) -> Line:
    position, _, message_id, outgoing, data, sent_at, state, *moments = row
    edited_at, deleted_at, expires_at = moments
    deleted = deleted_at is not None
    return Line(
        MessageId(message_id),
        bool(outgoing),
        Unknown(DELETED, b"") if deleted else decode(data),
        _moment(sent_at),
        state,
        position,
        None if edited_at is None else _moment(edited_at),
        deleted,
        None if expires_at is None else _moment(expires_at),
        reactions=tuple(each for each in about if isinstance(each, Mark)),
        votes=tuple(each for each in about if isinstance(each, Ballot)),
        # Lines that another device has sent have numbers below 0; 0 means that nothing was read.
        read=bool(outgoing) and read_there != 0 and position <= read_there,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _marks(positions: Sequence[int], cursor: Cursor) -> Mapping[int, list[Mark | Ballot]]:
    """Return reactions and votes by the position of their message, ours first."""
    # An id that both sides used means, in what one side says, the message of the other.
    found = cursor.execute(
        "SELECT m.id, a.outgoing, a.data FROM client_message m"  # noqa: S608 - marks
        " JOIN client_amendment a"
        " ON a.connection_id = m.connection_id AND a.target = m.msg_id"
        " AND a.kind IN ('reaction', 'vote') AND (a.outgoing != m.outgoing OR NOT EXISTS"
        " (SELECT 1 FROM client_message o WHERE o.connection_id = m.connection_id"
        " AND o.msg_id = m.msg_id AND o.outgoing != a.outgoing))"
        f" WHERE m.id IN ({', '.join('?' * len(positions))}) ORDER BY a.outgoing DESC",
        tuple(positions),
    ).fetchall()
    marks: dict[int, list[Mark | Ballot]] = {}
    for position, outgoing, data in found:
        match decode(data):
            case Reaction(emoji=emoji):
                marks.setdefault(position, []).append(Mark(bool(outgoing), emoji))
            case Vote(options=options):
                marks.setdefault(position, []).append(Ballot(bool(outgoing), options))
            case _:
                pass
    return marks


def _read(connection: int, cursor: Cursor) -> int:
    row = cursor.execute(
        "SELECT c.read_there FROM client_conversation c JOIN client_connection k"
        " ON k.id = c.connection_id JOIN client_profile p ON p.id = k.profile_id"
        " WHERE c.connection_id = ? AND p.indicators",
        (connection,),
    ).fetchone()
    return row[0] if row else 0
