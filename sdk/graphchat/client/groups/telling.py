"""From stored events of groups to what the application is told."""

from datetime import UTC, datetime
from functools import partial

from graphchat.client.contact import Contact
from graphchat.client.engine import Engine
from graphchat.client.groups import own, records, rows
from graphchat.client.groups.events import (
    GroupAlarm,
    GroupChanged,
    GroupGap,
    GroupInvited,
    GroupMessageReceived,
    JoinRequested,
    OfGroup,
)
from graphchat.client.groups.group import Group, handle
from graphchat.client.groups.posts import message_of
from graphchat.client.groups.request import JoinRequest
from graphchat.errors import NotFoundError
from graphchat.ids import MessageId


async def event(engine: Engine, row_id: int, found: records.OfGroup) -> OfGroup | None:
    """Return what is told of a group; None if it is forgotten, or a request was answered."""
    try:
        group = handle(engine, await engine.context.groups.get(found.group))
    except NotFoundError:
        return None
    match found:
        case records.GroupMessageRecord():
            return GroupMessageReceived(
                row_id,
                group,
                found.name,
                found.author,
                message_of(found.payload),
                MessageId(found.message_id),
                datetime.fromtimestamp(found.sent_at, UTC),
                found.seq,
            )
        case records.GroupChangedRecord(what=what, by=by, whom=whom, detail=detail, key=key):
            return GroupChanged(row_id, group, what, by, whom, detail, key)
        case records.JoinRequestedRecord(key=key):
            return await _requested(engine, row_id, group, key)
        case records.GroupGapRecord(author=author, first=first, last=last, host=host):
            return GroupGap(row_id, group, author, first, last, host)
        case records.GroupAlarmRecord(warning=warning):
            return GroupAlarm(row_id, group, warning)


async def _requested(
    engine: Engine, row_id: int, group: Group, key: bytes
) -> JoinRequested | None:
    read = partial(rows.requests, group.row_id)
    for name, ticket, signature, _ in await engine.context.database.read(read):
        if name == key:
            request = JoinRequest(engine, group.row_id, ticket, signature)
            return JoinRequested(row_id, group, request)
    return None


def invited(
    engine: Engine, row_id: int, contact: Contact, found: records.GroupInvitedRecord
) -> GroupInvited:
    """Return the event of an invitation by a contact."""
    profile = engine.context.lives[contact.row_id].profile
    join = partial(own.join, engine, profile)
    return GroupInvited(row_id, contact, found.name, found.link, found.broadcast, join)
