"""Saying a message to a contact, within one unit of work."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from graphchat import content
from graphchat.client import amending
from graphchat.client.apply import Applier
from graphchat.client.context import Context
from graphchat.client.live import STATES, Live, MessageState, Progress
from graphchat.client.rows import Spoken
from graphchat.content import Message
from graphchat.content.words import kind_of, text_of
from graphchat.core.frame import Kind
from graphchat.core.handshake import Phase
from graphchat.core.outbox import Written
from graphchat.errors import StateError
from graphchat.ids import MessageId
from graphchat.store import Cursor

ALONE: Final = (
    "No device of this contact has answered this one yet. Wait until one has, then try again."
)

# Frames back in which a message about another one is known again by its id. No line of the
# history has it, and in a private connection nothing does once it has arrived.
REPEATED: Final = 10_000


def check(context: Context, live: Live) -> None:
    """Raise `StateError` if nothing can be said by a connection."""
    if live.failed:
        raise StateError(live.failed)
    context.devices.check(live.profile)
    is_silent = not live.connection.lanes and not context.devices.is_container(live)
    if live.connection.phase is Phase.INVITED or is_silent:
        raise StateError("Nobody has used this invitation yet, or the request is not accepted.")


async def said(turn: Applier, live: Live, message_id: MessageId) -> Progress | None:
    """Return how far the message of ours with this id is; None if there is none."""
    found = await turn.context.database.read(partial(_said, live.id, message_id))
    return None if found is None else turn.context.watch(live.id, Progress(message_id, *found))


async def say(turn: Applier, live: Live, message: Message, message_id: MessageId) -> Progress:
    """Say a message; if it was said before under this id, not again.

    Raises `StateError`, and `ContentError` or `NotFoundError` for what is about another message.
    """
    check(turn.context, live)
    if (known := await said(turn, live, message_id)) is not None:
        return known
    payload, context = content.encode(message), turn.context
    if isinstance(message, content.Amending):
        recent = partial(_amended, live, message_id)
        if (before := await context.database.read(recent)) is not None:
            return context.watch(live.id, Progress(message_id, *before))
        await amending.check(turn, live, message)
        frames = await turn.say(live, Kind.CONTENT, message_id, payload)
        if not frames:
            raise StateError(ALONE)
        amending.said(turn, live, frames[0][1].frame, message)
        await context.devices.said(turn, live, message_id, payload)
        return _watch(context, live, message_id, frames)
    now = context.clock.now()
    spoken = Spoken(
        live.id,
        message_id,
        outgoing=True,
        kind=kind_of(message),
        text=text_of(message),
        data=payload,
        sent_at=now,
        received_at=now,
        state="queued",
        lasts=live.timer.seconds or None,
    )
    turn.spoken(live, spoken)
    frames = await turn.say(live, kind_of_frame(message), message_id, payload)
    turn.said.append((live.id, message_id, payload))
    await context.devices.said(turn, live, message_id, payload)
    return _watch(context, live, message_id, frames)


def _amended(live: Live, message_id: bytes, cursor: Cursor) -> tuple[int, MessageState] | None:
    """Return number and state of what we said about a message with this id, not long ago."""
    row = cursor.execute(
        "SELECT seq FROM client_frame WHERE connection_id = ? AND msg_id = ?",
        (live.id, message_id),
    ).fetchone()
    if row is not None:
        return row[0], "queued"
    ours = live.connection.state.outbox
    found = cursor.execute(
        "SELECT 1 FROM client_evidence WHERE connection_id = ? AND outgoing AND stream = ?"
        " AND seq > ? AND msg_id = ?",
        (live.id, ours.stream, ours.seq - REPEATED, message_id),
    ).fetchone()
    return None if found is None else (0, "delivered")


def _watch(
    context: Context, live: Live, message_id: MessageId, frames: Sequence[tuple[Live, Written]]
) -> Progress:
    """Follow a message, by the frames of all connections that carry it."""
    first = frames[0][1].seq if frames else 0
    known = context.watch(live.id, Progress(message_id, first, "queued"))
    for target, written in frames:
        context.progressing[target.id, written.seq] = known
    return known


def kind_of_frame(message: Message) -> Kind:
    """Return whether people read ``message`` or programs do."""
    return Kind.CONTROL if isinstance(message, content.ForPrograms) else Kind.CONTENT


def _said(connection: int, message_id: bytes, cursor: Cursor) -> tuple[int, MessageState] | None:
    """Return number and state of a message of ours; the number is 0 once it is delivered."""
    row = cursor.execute(
        "SELECT ifnull(f.seq, 0), m.state FROM client_message m LEFT JOIN client_frame f"
        " ON f.connection_id = m.connection_id AND f.msg_id = m.msg_id"
        " WHERE m.connection_id = ? AND m.msg_id = ? AND m.outgoing",
        (connection, message_id),
    ).fetchone()
    # Nobody knows more of one that was on its way when a backup was made.
    return (row[0], row[1] if row[1] in STATES else "sent") if row else None
