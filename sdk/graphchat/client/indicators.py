"""What people may tell of themselves: that they type, and what they have read. Off by default.

A side that has them off neither sends nor shows them.
"""

from functools import partial
from typing import TYPE_CHECKING, Final

from graphchat.client import rows
from graphchat.client.apply import Applier
from graphchat.client.live import Live
from graphchat.client.stored import ReadRecord, TypingRecord
from graphchat.content import Read, Typing
from graphchat.core.frame import Frame
from graphchat.store import Cursor

if TYPE_CHECKING:
    from graphchat.client.engine import Engine

# Seconds that typing is said for, and after which it is said again.
TYPING_LASTS: Final = 10.0
TYPING_AGAIN: Final = 4.0


async def type_to(engine: "Engine", row_id: int, turn: Applier, *, active: bool) -> None:
    """Tell that somebody types, or has stopped; nothing if that was said just now."""
    live, now = await engine.live(row_id), turn.context.clock.monotonic()
    said = live.typing_until > now
    if live.profile not in turn.context.indicators or not live.established or active == said:
        return
    for target in await turn.context.devices.targets(live):
        if available := engine.flow.available(target):
            live.typing_until = now + TYPING_AGAIN if active else 0.0
            await turn.apply(target, [*target.connection.aside(Typing(active), available)])


async def heard_typing(turn: Applier, live: Live, frame: Frame, message: Typing) -> None:
    """Take what matters for some seconds only: an event that replaces the one before."""
    now = turn.context.clock.now()
    said_at = min(frame.ts_ms / 1000, now)
    if live.profile not in turn.context.indicators or said_at < now - TYPING_LASTS:
        return
    turn.unit.write(rows.drop_events(live.id, "typing"))
    turn.context.tell(turn.unit, live.profile, TypingRecord(live.id, message.active, said_at))


async def read(engine: "Engine", row_id: int, up_to: bytes | None, turn: Applier) -> None:
    """Note that a person has seen a message of theirs and all before it; tell it if allowed."""
    live = await engine.live(row_id)
    found = await turn.context.database.read(partial(_unread, row_id, up_to))
    if found is None:
        return
    position, message_id = found
    turn.unit.write(rows.read_here(live.id, position))
    await turn.context.devices.was_read(turn, live, message_id)
    if live.profile in turn.context.indicators and live.established:
        await turn.say_control(live, Read(message_id))


async def heard_read(turn: Applier, live: Live, frame: Frame, message: Read) -> None:
    """Note what the other side has seen of ours."""
    if live.profile not in turn.context.indicators:
        return
    turn.unit.run(partial(_read_there, live, message.target, turn.context.clock.now()))
    turn.unit.after(turn.context.news[live.profile].beat)


def unread(connection: int, cursor: Cursor) -> int:
    """Return how many messages of theirs nobody here has seen."""
    row = cursor.execute(
        "SELECT count(*) FROM client_message WHERE connection_id = ? AND NOT outgoing"
        " AND deleted_at IS NULL AND kind != 'contact.update' AND id > ifnull("
        " (SELECT read_here FROM client_conversation WHERE connection_id = ?), 0)",
        (connection, connection),
    ).fetchone()
    return row[0] if row else 0


def _unread(connection: int, up_to: bytes | None, cursor: Cursor) -> tuple[int, bytes] | None:
    """Return position and id of the message up to which they are read, if that is news."""
    row = cursor.execute(
        "SELECT id, msg_id FROM client_message WHERE connection_id = ? AND NOT outgoing"
        " AND kind != 'contact.update' AND (? IS NULL OR msg_id = ?) AND id > ifnull("
        " (SELECT read_here FROM client_conversation WHERE connection_id = ?), 0)"
        " ORDER BY id DESC LIMIT 1",
        (connection, up_to, up_to, connection),
    ).fetchone()
    return (row[0], row[1]) if row else None


def _read_there(live: Live, message_id: bytes, now: float, cursor: Cursor) -> None:
    row = cursor.execute(
        "SELECT id FROM client_message WHERE connection_id = ? AND outgoing AND msg_id = ?",
        (live.id, message_id),
    ).fetchone()
    if row is not None:
        cursor.execute(*rows.read_there(live.id, row[0]))
        if cursor.rowcount:
            cursor.execute(*rows.event(live.profile, ReadRecord(live.id, message_id), now))
