"""What was said on one device, as the others see it: lines, changes of lines, what was read.

Rule: every line and every change has the id of its message. Whichever way it comes, and however
often, it counts once.
"""

from dataclasses import replace
from functools import partial
from typing import Final

from graphchat import content
from graphchat.client import amendments, rows as client_rows
from graphchat.client.amendments import Said
from graphchat.client.apply import Applier
from graphchat.client.devices.records import MirroredRecord
from graphchat.client.history import DELETED, decode
from graphchat.client.live import HIDDEN, Live
from graphchat.client.rows import Row, Spoken
from graphchat.client.stored import EventRecord, MessageRecord
from graphchat.content import Message
from graphchat.content.devices import DeviceLines, DeviceRead, DeviceSync, SyncedLine
from graphchat.content.words import kind_of, text_of
from graphchat.core.frame import Frame
from graphchat.errors import RemoteProtocolError
from graphchat.store import Cursor

MIRRORED: Final = "mirrored"
"""The state of a message of ours that another device has said."""


# Telling the others


async def mirror(  # noqa: PLR0913 - what a line is
    turn: Applier,
    live: Live,
    message_id: bytes,
    payload: bytes,
    *,
    outgoing: bool,
    sent_at: float,
    but: int | None = None,
) -> None:
    """Tell our other devices what was said with a contact just now."""
    devices = turn.context.devices
    if live.kind in HIDDEN or not devices.linked(live.profile):
        return
    lasts = float(live.timer.seconds) or None
    line = SyncedLine(message_id, outgoing, payload, sent_at, lasts=lasts, left=lasts)
    said = DeviceLines(live.connection.cid, (line,))
    if len(content.encode(said)) <= content.MAX_MESSAGE:
        await devices.tell_own(turn, live.profile, said, but=but)


async def was_read(
    turn: Applier, live: Live, message_id: bytes, *, but: int | None = None
) -> None:
    """Tell our other devices what a person has seen here."""
    devices = turn.context.devices
    if live.kind not in HIDDEN:
        read = DeviceRead(live.connection.cid, message_id)
        await devices.tell_own(turn, live.profile, read, but=but)


def is_known(contact: int, message_id: bytes, now: float, cursor: Cursor) -> bool:
    """Tell whether a change was heard before; from now on it was."""
    cursor.execute(
        "INSERT OR IGNORE INTO client_echo (contact, msg_id, heard_at) VALUES (?, ?, ?)",
        (contact, message_id, now),
    )
    return cursor.rowcount == 0


# Hearing of it


async def heard_lines(turn: Applier, live: Live, frame: Frame, message: DeviceLines) -> None:
    """Take lines of another device of ours. Raises `RemoteProtocolError`."""
    devices = turn.context.devices
    source = devices.sender(live)
    contact = await devices.by_root(live.profile, message.root)
    if contact is None:
        raise RemoteProtocolError("lines come of a contact that is not here")
    for line in message.lines:
        _take(turn, contact, line, old=message.old)
    if message.old:
        devices.put(turn, replace(source, done=message.done, total=message.of))
    else:
        await devices.tell_own(turn, live.profile, message, but=live.id)
    turn.unit.after(turn.context.news[live.profile].beat)
    turn.unit.after(turn.context.pulses[live.id].beat)


def _take(turn: Applier, contact: Live, line: SyncedLine, *, old: bool) -> None:
    now = turn.context.clock.now()
    said = decode(line.payload) if line.payload else None
    if isinstance(said, content.Amending):
        at = min(line.sent_at, now)
        found = Said(contact.id, contact.profile, line.outgoing, line.id, said, at, now)
        turn.unit.run(partial(amend, found))
    elif (
        said is None
        or isinstance(said, content.Timer)
        or not isinstance(said, content.ForPrograms)
    ):
        turn.unit.run(partial(_write, contact, line, said, now, old))
        if line.lasts:
            turn.unit.after(turn.context.expiring.set)


def amend(said: Said, cursor: Cursor) -> None:
    """Do what a change of a line wants, unless it was heard before."""
    if not is_known(said.connection, said.id, said.now, cursor):
        amendments.apply(said, cursor)


def _write(  # noqa: PLR0913, PLR0917 - a step of a commit
    contact: Live,
    line: SyncedLine,
    said: Message | None,
    now: float,
    old: bool,  # noqa: FBT001
    cursor: Cursor,
) -> None:
    """Write a line that is not there yet, and tell the application if it was said just now."""
    row = cursor.execute(
        "SELECT 1 FROM client_message WHERE connection_id = ? AND outgoing = ? AND msg_id = ?",
        (contact.id, line.outgoing, line.id),
    ).fetchone()
    if row is not None:
        return
    spoken = _spoken(contact, line, said, now)
    place = None
    if old:
        # The newest comes first: each one goes before all that are there.
        [(place,)] = cursor.execute("SELECT min(ifnull(min(id), 0), 0) - 1 FROM client_message")
    cursor.execute(
        "INSERT INTO client_message (id, connection_id, msg_id, outgoing, kind, text, data,"
        " sent_at, received_at, state, lasts, expires_at, edited_at, deleted_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            place,
            *spoken,
            None if line.left is None else now + line.left,
            now if line.edited else None,
            now if said is None else None,
        ),
    )
    amendments.settle(contact.id, line.id, now, cursor, outgoing=line.outgoing)
    if old or said is None or isinstance(said, content.Timer):
        return
    event: EventRecord = MessageRecord(contact.id, line.id, b"", spoken.sent_at)
    if line.outgoing:
        event = MirroredRecord(contact.id, line.id)
    cursor.execute(*client_rows.event(contact.profile, event, now))


def _spoken(contact: Live, line: SyncedLine, said: Message | None, now: float) -> Spoken:
    return Spoken(
        contact.id,
        line.id,
        outgoing=line.outgoing,
        kind=DELETED if said is None else kind_of(said),
        text="" if said is None else text_of(said),
        data=line.payload,
        sent_at=min(line.sent_at, now),
        received_at=now,
        state=MIRRORED if line.outgoing else "received",
        lasts=None if line.lasts is None else int(line.lasts),
    )


async def heard_sync(turn: Applier, live: Live, frame: Frame, message: DeviceSync) -> None:
    """Note how many lines of before come, or that all have come."""
    devices = turn.context.devices
    source = devices.sender(live)
    devices.put(turn, replace(source, done=message.done, total=message.of))
    turn.unit.after(turn.context.pulses[live.id].beat)


async def heard_read(turn: Applier, live: Live, frame: Frame, message: DeviceRead) -> None:
    """Note what a person has seen on another device of ours."""
    devices = turn.context.devices
    devices.sender(live)
    contact = await devices.by_root(live.profile, message.root)
    if contact is None:
        raise RemoteProtocolError("something was read of a contact that is not here")
    turn.unit.write(
        Row(
            "UPDATE client_conversation SET read_here = max(read_here, ifnull((SELECT id FROM"
            " client_message WHERE connection_id = ? AND NOT outgoing AND msg_id = ?), read_here))"
            " WHERE connection_id = ?",
            (contact.id, message.target, contact.id),
        )
    )
    turn.unit.after(turn.context.news[live.profile].beat)
    await was_read(turn, contact, message.target, but=live.id)
