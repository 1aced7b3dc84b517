"""What comes into the log of a group, and what follows from it."""

from collections.abc import Sequence, Set as AbstractSet
from typing import Final

from graphchat.client.apply import Applier
from graphchat.client.groups import admission, forward, posts, records, rows, wants
from graphchat.client.groups.live import LiveGroup
from graphchat.client.groups.registry import Groups
from graphchat.core.groups import actions as do, entry as entries
from graphchat.core.groups.actions import Action
from graphchat.core.groups.entry import Signed, ticket_of
from graphchat.errors import NotFoundError, RemoteProtocolError, StateError

_NEWS: Final[dict[type, str]] = {
    do.Join: "joined",
    do.Leave: "left",
    do.Remove: "removed",
    do.SetRole: "role",
    do.SetSettings: "settings",
    do.Host: "host",
    do.Mute: "muted",
    do.Delete: "deleted",
}


async def take(
    groups: Groups, turn: Applier, group: LiveGroup, packed: Sequence[bytes], origin: int
) -> None:
    """Take entries that came by a connection; 0 stands for our own."""
    added: list[Signed] = []
    for data in packed:
        signed = Signed.unpack(data)
        if signed.hash in group.log.nodes:
            continue
        if not signed.genuine:
            groups.forged(turn, group, origin)
            continue
        added += _add(groups, turn, group, signed, origin)
    if group.log.missing:
        await wants.entries(groups, turn, group, origin)
    if added:
        await _changed(groups, turn, group, added)


def _add(
    groups: Groups, turn: Applier, group: LiveGroup, signed: Signed, origin: int
) -> list[Signed]:
    groups.touch(turn, group)
    try:
        added = group.log.add(signed)
    except RemoteProtocolError:
        return []
    group.newest_entry = next(groups.index.entry_ids)
    turn.unit.write(rows.entry(group.newest_entry, group.id, signed, origin))
    return added


async def write(groups: Groups, turn: Applier, group: LiveGroup, action: Action) -> Signed:
    """Write an entry of ours. Raises `StateError` if we may not."""
    if group.status != "member" or not group.state.allows(group.me, action):
        raise StateError(f"Your role in {group.name} does not allow that.")
    now = int(groups.context.clock.now() * 1000)
    signed = entries.make(group.key, group.gid, group.log.heads, action, now)
    added = _add(groups, turn, group, signed, 0)
    await _changed(groups, turn, group, added)
    return signed


async def _changed(
    groups: Groups, turn: Applier, group: LiveGroup, added: Sequence[Signed]
) -> None:
    was_in = group.status == "member"
    left = any(each.entry.author == group.me and each.action == do.Leave() for each in added)
    if not left:  # who goes says so, and ends the connections itself
        await _status(groups, turn, group)
    for signed in added:
        _apply(groups, turn, group, signed)
        if was_in and group.status == "member":
            _tell(groups, turn, group, signed)
    removed = {each.action.target for each in added if isinstance(each.action, do.Remove)}
    await _peers(groups, turn, group, removed)
    await _requests(groups, turn, group)
    groups.stir(turn, group)
    turn.unit.after(groups.wake)
    if group.early and group.status == "member":
        await posts.retry(groups, turn, group)


async def _status(groups: Groups, turn: Applier, group: LiveGroup) -> None:
    """Note that we are in, or not any more."""
    if not group.log.begun:
        return
    inside = group.me in group.state.members
    if group.status == "asked" and (inside or (group.record.subscriber and group.record.accepted)):
        group.status = "member"
        groups.save(turn, group)
        event = records.GroupChangedRecord(group.id, "entered", "", group.record.name)
        groups.tell(turn, group, event)
    elif group.status == "member" and not inside and not group.record.subscriber:
        group.status = "removed"
        groups.save(turn, group)
        event = records.GroupChangedRecord(group.id, "expelled", "", group.record.name)
        groups.tell(turn, group, event)
        for peer in list(group.peers.values()):
            groups.close_peer(turn, group, peer)


def _apply(groups: Groups, turn: Applier, group: LiveGroup, signed: Signed) -> None:
    action = signed.action
    if isinstance(action, do.Delete) and (action.target, action.seq) in group.state.deleted:
        turn.unit.write(rows.delete_post(group.id, action.target, action.seq))
        group.chains.forget(action.target, action.seq)


def _tell(groups: Groups, turn: Applier, group: LiveGroup, signed: Signed) -> None:
    action = signed.action
    what = _NEWS.get(type(action))
    # Whoever comes by our link or invitation is let in by us without a word of the application.
    ours = signed.entry.author == group.me and not isinstance(action, do.Join)
    if what is None or ours:
        return
    by, detail, key = group.name_of(signed.entry.author), "", b""
    match action:
        case do.Join():
            ticket = ticket_of(action)
            whom, key = ticket.name, ticket.key
        case do.SetRole(target=key, role=role):
            whom, detail = group.name_of(key), role.name.lower()
        case do.Remove(target=key, ban=ban):
            whom, detail = _former(group, key), "banned" if ban else ""
        case do.Mute(target=key):
            whom = group.name_of(key)
        case do.Delete(target=key, seq=seq):
            whom, detail = _former(group, key), str(seq)
        case do.SetSettings(change=change):
            whom, detail = "", ", ".join(change.given)
        case do.Leave():
            key = signed.entry.author
            whom = by = _former(group, key)
        case _:
            whom = ""
    event = records.GroupChangedRecord(group.id, what, by, whom, detail, key=key)
    groups.tell(turn, group, event)


def _former(group: LiveGroup, key: bytes) -> str:
    """Return the name of somebody who may have left."""
    if key in group.state.members:
        return group.name_of(key)
    for node in group.log.nodes.values():
        if isinstance(node.signed.action, do.Join):
            ticket = ticket_of(node.signed.action)
            if ticket.key == key:
                return ticket.name
    return group.name_of(key)


async def _peers(
    groups: Groups, turn: Applier, group: LiveGroup, removed: AbstractSet[bytes]
) -> None:
    """End the connections of who is out, and those to who forwards no more."""
    if group.status != "member":
        return
    state = group.state
    for peer in list(group.peers.values()):
        if not peer.key or peer.state != "open":
            continue
        subscriber = state.settings.broadcast and peer.kind == "member"
        if peer.kind == "host":
            gone = peer.key not in state.forwarders
        else:
            gone = peer.key not in state.members and not subscriber
        if gone or peer.key in state.banned:
            if peer.key in removed:
                await _farewell(groups, turn, group, peer.connection)
            groups.close_peer(turn, group, peer)


async def _farewell(groups: Groups, turn: Applier, group: LiveGroup, connection: int) -> None:
    """Let a peer know why nothing follows: the entries that it does not have yet."""
    peer = group.peers[connection]
    if peer.kind != "member":
        return
    try:
        live = await groups.engine.live(connection)
    except NotFoundError:
        return
    await forward.last_entries(groups, turn, group, live)


async def _requests(groups: Groups, turn: Applier, group: LiveGroup) -> None:
    """Open the connections of newcomers whom somebody has let in."""
    if not group.is_host:
        return
    for peer in list(group.peers.values()):
        if peer.kind == "member" and peer.state == "asking" and peer.key in group.state.members:
            await admission.open_peer(groups, turn, group, peer, newcomer=True)
