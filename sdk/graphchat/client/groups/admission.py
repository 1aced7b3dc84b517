"""Letting a connection in: from here on the other side gets the log and the posts."""

from functools import partial
from typing import Final

from graphchat import content
from graphchat.client.apply import Applier
from graphchat.client.groups import rows
from graphchat.client.groups.live import LiveGroup, Peer
from graphchat.client.groups.registry import Groups
from graphchat.content.group import GroupAccept, GroupRefuse, Position, Reason
from graphchat.core.groups.entry import here
from graphchat.core.groups.post import SignedPost

# Seconds: clocks that are ahead of ours by more than a century are not looked at.
ALWAYS: Final = 1e10


async def open_peer(
    groups: Groups, turn: Applier, group: LiveGroup, peer: Peer, *, newcomer: bool
) -> None:
    """Tell a member, a subscriber or another host that they are known here.

    A ``newcomer`` gets the last posts, as the settings say; who comes to one more host does not.
    """
    database = groups.context.database
    member, kept = group.state.members.get(peer.key), group.state.settings.history
    ever = groups.context.clock.now() + ALWAYS
    before = ever if newcomer or member is None else member.since_ms / 1000
    peer.floor = await database.read(partial(rows.last_before, group.id, before, kept))
    peer.old_until = group.newest_post
    peer.post_cursor = peer.floor if newcomer else group.newest_post
    peer.state = "open"
    groups.save_peer(turn, group, peer)
    turn.unit.write(rows.drop_request(group.id, peer.key))
    live = await groups.engine.live(peer.connection)
    proof = group.key.sign(here(live.connection.cid, group.gid))
    positions = await _positions(groups, group, peer.post_cursor)
    accept = GroupAccept(group.gid, group.me, proof, positions)
    await groups.say(turn, live, content.encode(accept))
    groups.stir(turn, group)


async def _positions(groups: Groups, group: LiveGroup, floor: int) -> tuple[Position, ...]:
    """Return where each author's posts begin for who gets those behind ``floor``."""
    found = {
        author: Position(author, chain.seq, chain.head)
        for author, chain in group.chains.authors.items()
        if chain.seq
    }
    read = partial(rows.first_behind, group.id, floor)
    for author, data in await groups.context.database.read(read):
        post = SignedPost.unpack(data).post
        found[author] = Position(author, post.seq - 1, post.prev)
    return tuple(found.values())


async def refuse(
    groups: Groups, turn: Applier, group: LiveGroup, peer: Peer, reason: Reason
) -> None:
    """Tell somebody that they are not let in, and end the connection."""
    live = await groups.engine.live(peer.connection)
    await groups.say(turn, live, content.encode(GroupRefuse(group.gid, reason)))
    if peer.key:
        turn.unit.write(rows.drop_request(group.id, peer.key))
    groups.close_peer(turn, group, peer)
