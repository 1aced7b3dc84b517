"""Letters from member to member, by a host that cannot read them: how a mesh comes about.

docs/protocol.md, section 23.
"""

from functools import partial
from typing import Final

from graphchat import content
from graphchat.client import codes, reach
from graphchat.client.apply import Applier
from graphchat.client.groups import joining
from graphchat.client.groups.live import LiveGroup, Peer
from graphchat.client.groups.registry import Groups
from graphchat.client.lanes import best
from graphchat.client.live import GROUP, Live
from graphchat.client.queues import make_lanes
from graphchat.codes import Code, Kind
from graphchat.content import GroupLetter, ProfileCard
from graphchat.core.lane import LaneState
from graphchat.crypto.aead import seal_box, unseal_box
from graphchat.crypto.keys import verify
from graphchat.errors import CodeError, RemoteProtocolError

MAX_MESH: Final = 12
"""Members of a group that connect directly; in a larger one nobody does."""
LANES: Final = 2


def meshes(group: LiveGroup) -> bool:
    """Tell whether members connect directly now."""
    state = group.state
    return state.settings.mesh and len(state.members) <= MAX_MESH


def wanted(group: LiveGroup) -> list[bytes]:
    """Return to whom we write first: of two members, the one with the lower key does."""
    if group.status != "member" or not group.log.begun or not meshes(group):
        return []
    if group.me not in group.state.members:
        return []
    known = {peer.key for peer in group.peers.values()}
    return [key for key in group.state.members if key > group.me and key not in known]


async def lanes(groups: Groups, group: LiveGroup) -> list[LaneState]:
    """Make queues for a direct connection. Raises `RelayError`."""
    context = groups.context
    transport = context.transport.of(group.profile)
    return await make_lanes(transport, best(context), LANES, context.clock, distinct=True)


async def write(
    groups: Groups, turn: Applier, group: LiveGroup, recipient: bytes, made: list[LaneState]
) -> None:
    """Send a member an invitation that only they can read, by every host."""
    member = group.state.members.get(recipient)
    if member is None or recipient not in wanted(group):
        return
    context = groups.context
    card = ProfileCard(group.record.name, "person")
    code, connection = codes.invitation(made, card, context.clock)
    row_id = next(context.connection_ids)
    live = Live(row_id, group.profile, "", GROUP, 0, connection, {}, named=True)
    connection.rotation.schedule = context.schedule
    await joining.begin(groups, turn, live, made)
    groups.add_peer(turn, group, Peer(live.id, "mesh", recipient))
    sealed = seal_box(member.box, code.text.encode())
    signature = group.key.sign(_statement(group.gid, recipient, sealed))
    letter = GroupLetter(group.gid, group.me, recipient, sealed, signature)
    await _send(groups, turn, group, letter)


async def _send(groups: Groups, turn: Applier, group: LiveGroup, letter: GroupLetter) -> None:
    """Give a letter to whom it is for, or to every host."""
    for peer in group.open("host", "member"):
        if peer.key == letter.recipient or peer.kind == "host":
            live = await groups.engine.live(peer.connection)
            await groups.say(turn, live, content.encode(letter))


async def take(
    groups: Groups, turn: Applier, group: LiveGroup, peer: Peer, letter: GroupLetter
) -> None:
    """Read a letter, or pass it on. Raises `RemoteProtocolError`."""
    state = group.state
    if letter.sender not in state.members or letter.recipient not in state.members:
        raise RemoteProtocolError("a letter is not between members")
    if letter.recipient != group.me:
        if group.is_host and peer.key in (letter.sender, *state.forwarders):
            for other in group.open("member", "host"):
                if other.key == letter.recipient and other is not peer:
                    live = await groups.engine.live(other.connection)
                    await groups.say(turn, live, content.encode(letter))
        return
    statement = _statement(group.gid, group.me, letter.sealed)
    if not verify(letter.sender, statement, letter.signature):
        groups.forged(turn, group, peer.connection)
        return
    known = any(other.key == letter.sender for other in group.peers.values())
    if meshes(group) and not known:
        _answer(groups, turn, group, letter)


def _answer(groups: Groups, turn: Applier, group: LiveGroup, letter: GroupLetter) -> None:
    """Connect by the invitation in a letter, once queues for it are made."""
    text = unseal_box(group.box, letter.sealed).decode("ascii", "replace")
    try:
        code = Code.parse(text)
        reach.check(code, groups.context.relays)
    except CodeError:
        raise RemoteProtocolError("a letter holds no code that can be used") from None
    if code.kind is not Kind.INVITE:
        raise RemoteProtocolError("a letter holds another code than an invitation")
    turn.unit.after(partial(groups.answer, group.id, letter.sender, code))


def _statement(gid: bytes, recipient: bytes, sealed: bytes) -> bytes:
    return b"gc/1 letter" + gid + recipient + sealed
