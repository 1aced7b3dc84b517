"""Who takes which message of a group."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

from graphchat.client.apply import Applier
from graphchat.client.context import ControlHandler
from graphchat.client.groups import entries, joining, letters, posts, records, rows, wants
from graphchat.client.groups.live import LiveGroup, Peer
from graphchat.client.groups.posts import Came
from graphchat.client.groups.registry import Groups
from graphchat.client.live import Live
from graphchat.content import (
    GroupAccept,
    GroupAsk,
    GroupEntries,
    GroupInvite,
    GroupJoin,
    GroupLeave,
    GroupLetter,
    GroupPosts,
    GroupRefuse,
    GroupReject,
    GroupWant,
    Message,
)
from graphchat.core.frame import Frame
from graphchat.core.groups.entry import read_ticket
from graphchat.errors import NotFoundError, RemoteProtocolError

_Handler = Callable[[Groups, Applier, LiveGroup, Peer, Any], Awaitable[None]]


async def _invited(turn: Applier, live: Live, frame: Frame, message: GroupInvite) -> None:
    """Tell that a contact invites us; nothing happens before the application says so."""
    event = records.GroupInvitedRecord(live.id, message.link, message.name, message.broadcast)
    turn.context.tell(turn.unit, live.profile, event)


async def _entries(
    groups: Groups, turn: Applier, group: LiveGroup, peer: Peer, message: GroupEntries
) -> None:
    await entries.take(groups, turn, group, message.entries, peer.connection)


async def _posts(
    groups: Groups, turn: Applier, group: LiveGroup, peer: Peer, message: GroupPosts
) -> None:
    old = message.old and peer.kind == "host"
    await posts.take(groups, turn, group, message.posts, Came(peer.connection, old))


async def _refused(
    groups: Groups, turn: Applier, group: LiveGroup, peer: Peer, message: GroupRefuse
) -> None:
    if peer.kind == "member":
        raise RemoteProtocolError("a member refuses a host")
    await joining.refused(groups, turn, group, peer, message.reason)


async def _left(
    groups: Groups, turn: Applier, group: LiveGroup, peer: Peer, message: GroupLeave
) -> None:
    groups.close_peer(turn, group, peer)


async def _asked(
    groups: Groups, turn: Applier, group: LiveGroup, peer: Peer, message: GroupAsk
) -> None:
    """Tell that somebody asks to be let in, as a host passes on."""
    ticket = read_ticket(message.ticket, message.signature)
    may = group.log.begun and group.state.role(group.me) >= group.state.settings.approve
    if peer.key not in group.state.forwarders or not may or ticket.key in group.state.members:
        return
    turn.unit.write(rows.request(group.id, ticket.key, message.ticket, message.signature, 0))
    groups.tell(turn, group, records.JoinRequestedRecord(group.id, ticket.key, ticket.name))


async def _rejected(
    groups: Groups, turn: Applier, group: LiveGroup, peer: Peer, message: GroupReject
) -> None:
    """Somebody who may let in does not want somebody in."""
    if group.state.role(peer.key) >= group.state.settings.approve:
        await joining.reject(groups, turn, group, message.key)


_OPEN: Final[Mapping[type[Message], _Handler]] = {
    GroupEntries: _entries,
    GroupPosts: _posts,
    GroupWant: wants.answer,
    GroupLeave: _left,
    GroupAsk: _asked,
    GroupReject: _rejected,
    GroupLetter: letters.take,
}
"""What is taken from those only who know us and whom we know."""
_ASKING: Final[Mapping[type[Message], _Handler]] = {
    GroupJoin: joining.judge,
    GroupAccept: joining.accepted,
    GroupRefuse: _refused,
}


async def _handle(
    kind: type[Message], turn: Applier, live: Live, frame: Frame, message: Any
) -> None:
    groups = turn.context.groups
    try:
        heard = await groups.heard(live, message.group)
    except NotFoundError:
        raise RemoteProtocolError("a message is of a group that is gone") from None
    group, peer = heard.group, heard.peer
    if kind in _OPEN and peer.state == "asking":
        raise RemoteProtocolError("somebody speaks in a group before they are in")
    if kind in _OPEN and peer.state == "closing" and peer.kind == "member":
        return
    handler = _OPEN.get(kind) or _ASKING[kind]
    await handler(groups, turn, group, peer, message)


HANDLERS: Final[Mapping[type[Message], ControlHandler]] = {
    GroupInvite: _invited,
    **{kind: partial(_handle, kind) for kind in (*_OPEN, *_ASKING)},
}
