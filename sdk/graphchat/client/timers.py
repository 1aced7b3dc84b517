"""How long messages of a conversation last: one timer for both sides, changed by either.

The higher version counts; of two that are the same, that of Alice, who made the code.
docs/protocol.md, section 16.
"""

from typing import Final

from graphchat import content
from graphchat.client import rows
from graphchat.client.apply import Applier
from graphchat.client.live import ConversationTimer, Live
from graphchat.client.rows import Spoken
from graphchat.client.stored import TimerRecord
from graphchat.content import Timer
from graphchat.content.words import kind_of
from graphchat.core.frame import MESSAGE_ID_SIZE, Frame, Kind
from graphchat.core.handshake import Role
from graphchat.errors import RemoteProtocolError
from graphchat.ids import MessageId

# Another device of the other side may have changed it meanwhile, by another stream.
MAX_AHEAD: Final = 1_000


async def say(turn: Applier, live: Live, seconds: int) -> None:
    """Have messages last for ``seconds`` from now on, on both sides; 0: for ever."""
    if seconds == live.timer.seconds:
        return
    message = Timer(seconds, live.timer.version + 1)
    _take(turn, live, message, outgoing=True)
    message_id = MessageId(turn.context.clock.random(MESSAGE_ID_SIZE))
    payload = content.encode(message)
    now = turn.context.clock.now()
    turn.unit.write(rows.message(_line(live, message, message_id, now, outgoing=True)))
    await turn.say(live, Kind.CONTROL, message_id, payload)
    turn.said.append((live.id, message_id, payload))
    await turn.context.devices.said(turn, live, message_id, payload)
    await turn.context.devices.changed(turn, live)


async def heard(turn: Applier, live: Live, frame: Frame, message: Timer) -> None:
    """Take the choice of the other side. Raises `RemoteProtocolError`."""
    if message.version > live.timer.version + MAX_AHEAD:
        raise RemoteProtocolError("a timer jumps ahead")
    if not _counts(live, message):
        return
    _take(turn, live, message, outgoing=False)
    now = turn.context.clock.now()
    turn.unit.write(rows.message(_line(live, message, frame.id, now, outgoing=False)))
    turn.context.tell(turn.unit, live.profile, TimerRecord(live.id, message.seconds))
    await turn.context.devices.heard(turn, live, frame, now)
    await turn.context.devices.changed(turn, live)


def _counts(live: Live, message: Timer) -> bool:
    known = live.timer
    if message.version != known.version:
        return message.version > known.version
    they_are_alice = live.connection.state.handshake.role is Role.BOB
    return known.ours and they_are_alice


def _take(turn: Applier, live: Live, message: Timer, *, outgoing: bool) -> None:
    turn.unit.touch(live)  # it is loaded anew if this cannot be stored
    live.timer = ConversationTimer(message.seconds, message.version, outgoing)
    turn.unit.write(rows.timer(live.id, live.timer))


def _line(live: Live, message: Timer, name: bytes, now: float, *, outgoing: bool) -> Spoken:
    """Return the line by which both see who has chosen what."""
    payload, state = content.encode(message), "queued" if outgoing else "received"
    return Spoken(live.id, name, outgoing, kind_of(message), "", payload, now, now, state)
