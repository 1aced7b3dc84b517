"""What contacts say that they understand: the last list of each, kept as long as the contact."""

from typing import Final

from graphchat import content
from graphchat.client import rows
from graphchat.client.apply import Applier
from graphchat.client.live import HIDDEN, Live
from graphchat.client.rows import COMMANDS
from graphchat.client.stored import MessageRecord
from graphchat.content import BotCommand, BotCommands
from graphchat.core.frame import Frame
from graphchat.store import Cursor

_QUERY: Final = "SELECT value FROM client_setting WHERE key = ?"


async def heard(turn: Applier, live: Live, frame: Frame, message: BotCommands) -> None:
    """Keep what a contact understands, instead of what it said before, and tell of it."""
    if live.kind in HIDDEN:
        return
    turn.unit.write(rows.setting(f"{COMMANDS}{live.id}", content.encode(message)))
    said_at = min(frame.ts_ms / 1000, turn.context.clock.now())
    event = MessageRecord(live.id, frame.id, frame.payload, said_at, control=True)
    turn.context.tell(turn.unit, live.profile, event)


def commands(connection: int, cursor: Cursor) -> tuple[BotCommand, ...]:
    """Return what a contact has said last that it understands."""
    row = cursor.execute(_QUERY, (f"{COMMANDS}{connection}",)).fetchone()
    message = None if row is None else content.decode(row[0])
    return message.commands if isinstance(message, BotCommands) else ()
