"""The lines of before for a device that is new: in small pieces, the newest first, resumable.

How far it is stands in the same commit as what was sent: a crash repeats no piece and loses none.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Final

from graphchat.client.apply import Applier
from graphchat.client.devices.registry import Registry
from graphchat.client.devices.state import OwnDevice
from graphchat.client.live import HIDDEN, Live
from graphchat.content.devices import DeviceLines, DeviceRead, DeviceSync, SyncedLine
from graphchat.errors import NotFoundError
from graphchat.store import Cursor

# Lines and bytes in one piece, and pieces without a receipt: a device that is away fills nothing.
LINES: Final = 48
BYTES: Final = 256 * 1024
AHEAD: Final = 16
# Of one line; it travels with the rest of its piece in one envelope.
LARGEST: Final = 775_000


def extent(profile: int, cursor: Cursor) -> tuple[int, int]:
    """Return the number behind the newest line of a profile, and how many lines there are."""
    [(end, total)] = cursor.execute(
        "SELECT ifnull(max(m.id), 0) + 1, count(*) FROM client_message m"
        " JOIN client_connection c ON c.id = m.connection_id WHERE c.profile_id = ?",
        (profile,),
    )
    return end, total


class Pump:
    """Sends old lines to every device that lacks some."""

    def __init__(self, devices: Registry) -> None:
        self._devices: Final = devices
        devices.pump = self.stir

    def start(self) -> None:
        for device in list(self._devices.index.own.values()):
            self.stir(device.id)

    def stir(self, row_id: int) -> None:
        """Look whether a device can take more."""
        device = self._devices.index.own.get(row_id)
        if device is not None and device.state == "linked" and device.cursor is not None:
            self._devices.engine.soon(partial(self._send, row_id))

    async def _send(self, row_id: int, turn: Applier) -> None:
        device = self._devices.index.own.get(row_id)
        if device is None or device.cursor is None or device.connection is None:
            return
        with suppress(NotFoundError):
            live = await self._devices.engine.live(device.connection)
            outbox = live.connection.state.outbox
            if outbox.seq - outbox.covered < AHEAD:
                await self._piece(turn, device, live)

    async def _piece(self, turn: Applier, device: OwnDevice, live: Live) -> None:
        context, devices = self._devices.context, self._devices
        now = context.clock.now()
        read = partial(_before, device.profile, device.cursor or 0, now)
        found = await context.database.read(read)
        done = device.done + len(found)
        # Lines of one contact that follow each other travel together.
        for contact, lines in groupby(found, key=lambda each: each.contact):
            with suppress(NotFoundError):
                root = (await devices.engine.live(contact)).connection.cid
                synced = tuple(part for each in lines for part in each.lines)
                for start in range(0, len(synced), LINES):
                    few = synced[start : start + LINES]
                    lines_said = DeviceLines(root, few, old=True, done=done, of=device.total)
                    await devices.say(turn, live, lines_said)
        if found:
            devices.put(turn, replace(device, cursor=found[-1].row, done=done))
            turn.unit.after(partial(self.stir, device.id))
            turn.unit.after(context.pulses[live.id].beat)
            return
        devices.put(turn, replace(device, cursor=None, done=device.total))
        for contact_root, target in await context.database.read(partial(_read, device.profile)):
            await devices.say(turn, live, DeviceRead(contact_root, target))
        await devices.say(turn, live, DeviceSync(device.total, device.total))
        turn.unit.after(context.pulses[live.id].beat)


@dataclass(frozen=True, slots=True)
class _Old:
    row: int
    contact: int
    lines: tuple[SyncedLine, ...]


def _before(profile: int, cursor_at: int, now: float, cursor: Cursor) -> list[_Old]:
    """Return the lines above a position, newest first, as many as fit into one piece."""
    marks = ", ".join("?" * len(HIDDEN))
    rows = cursor.execute(
        "SELECT m.id, m.connection_id, m.msg_id, m.outgoing, m.data, m.sent_at,"  # noqa: S608 - question marks
        " m.edited_at IS NOT NULL, m.deleted_at IS NOT NULL, m.lasts, m.expires_at"
        " FROM client_message m JOIN client_connection c ON c.id = m.connection_id"
        f" WHERE c.profile_id = ? AND c.kind NOT IN ({marks}) AND m.id < ?"
        " ORDER BY m.id DESC LIMIT ?",
        (profile, *HIDDEN, cursor_at, LINES),
    ).fetchall()
    found: list[_Old] = []
    size = 0
    for row, contact, name, outgoing, data, sent_at, edited, deleted, lasts, expires in rows:
        size += len(data)
        if found and size > BYTES:
            break
        if len(data) > LARGEST:
            found.append(_Old(row, contact, ()))
            continue
        left = None if expires is None else max(expires - now, 0.0)
        payload = b"" if deleted else data
        line = SyncedLine(
            name, bool(outgoing), payload, max(sent_at, 0.0), bool(edited), lasts, left
        )
        found.append(_Old(row, contact, (line, *_about(contact, name, cursor))))
    return found


def _about(contact: int, message_id: bytes, cursor: Cursor) -> list[SyncedLine]:
    """Return the reactions to a line, and the votes."""
    return [
        SyncedLine(name, bool(outgoing), data, max(said_at, 0.0))
        for name, outgoing, data, said_at in cursor.execute(
            "SELECT msg_id, outgoing, data, said_at FROM client_amendment"
            " WHERE connection_id = ? AND target = ? AND kind IN ('reaction', 'vote')",
            (contact, message_id),
        )
    ]


def _read(profile: int, cursor: Cursor) -> list[tuple[bytes, bytes]]:
    """Return for each contact the last message of theirs that a person has seen."""
    return cursor.execute(
        "SELECT c.cid, (SELECT m.msg_id FROM client_message m WHERE m.connection_id = c.id"
        " AND NOT m.outgoing AND m.id <= v.read_here ORDER BY m.id DESC LIMIT 1) AS last"
        " FROM client_conversation v JOIN client_connection c ON c.id = v.connection_id"
        " WHERE c.profile_id = ? AND last IS NOT NULL",
        (profile,),
    ).fetchall()
