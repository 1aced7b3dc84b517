"""What a new connection with a contact is told first: what may not have come by the others."""

from contextlib import suppress
from functools import partial
from typing import Final

from graphchat import content
from graphchat.client import history
from graphchat.client.apply import Applier
from graphchat.client.devices.registry import Registry
from graphchat.client.live import Live
from graphchat.core.frame import Kind
from graphchat.errors import LocalProtocolError
from graphchat.ids import MessageId
from graphchat.store import Cursor

MOST: Final = 256
"""Messages of ours that nobody there has said to have; others come by the devices of theirs."""


async def say(devices: Registry, turn: Applier, contact: Live, fresh: Live) -> None:
    """Say by ``fresh`` what we said to the contact and nobody has acknowledged."""
    found = dict(await devices.context.database.read(partial(_undelivered, contact.id)))
    # What was said within this unit is in no table yet.
    found.update((name, payload) for owner, name, payload in turn.said if owner == contact.id)
    for message_id, payload in found.items():
        is_control = isinstance(history.decode(payload), content.ForPrograms)
        kind = Kind.CONTROL if is_control else Kind.CONTENT
        with suppress(LocalProtocolError):
            stored = fresh.connection.say(kind, MessageId(message_id), payload)
            await turn.apply(fresh, [stored])


def _undelivered(contact: int, cursor: Cursor) -> list[tuple[bytes, bytes]]:
    """Return messages of this device without a receipt, oldest first."""
    found = cursor.execute(
        "SELECT msg_id, data FROM client_message WHERE connection_id = ? AND outgoing"
        " AND state IN ('queued', 'sent') AND deleted_at IS NULL ORDER BY id DESC LIMIT ?",
        (contact, MOST),
    ).fetchall()
    return list(reversed(found))
