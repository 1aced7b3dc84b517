"""How somebody comes in: asking a host, being let in or not, and knowing the other hosts."""

from functools import partial
from typing import Final

from graphchat import content
from graphchat.client import accept, codes, reach, rows as client_rows
from graphchat.client.apply import Applier
from graphchat.client.groups import admission, entries, records, renewing, rows
from graphchat.client.groups.live import GroupRecord, LiveGroup, Peer
from graphchat.client.groups.registry import Groups
from graphchat.client.lanes import best
from graphchat.client.live import GROUP, Live, hidden_name
from graphchat.client.queues import make_lanes
from graphchat.codes import Code, GroupCode
from graphchat.content import ProfileCard
from graphchat.content.group import GroupAccept, GroupJoin, GroupReject
from graphchat.core.groups import actions as do, entry as core
from graphchat.core.groups.chains import Chains
from graphchat.core.groups.entry import Ticket, here, invited, read_ticket, write_ticket
from graphchat.core.groups.log import Log
from graphchat.core.lane import LaneState
from graphchat.crypto.keys import AgreementKey, SigningKey, verify
from graphchat.errors import RemoteProtocolError, StateError
from graphchat.secret import Secret

KEY: Final = 32
SUBSCRIBER: Final = "Subscriber"
"""What everybody is called who reads a broadcast: hosts are told nothing else."""
CLOSED: Final = "Nobody else can be let in now: the group is full, or its log is."


def new_record(groups: Groups, name: str, title: str, *, broadcast: bool) -> GroupRecord:
    """Return fresh keys for one group."""
    clock = groups.context.clock
    return GroupRecord(
        Secret(clock.random(KEY)), Secret(clock.random(KEY)), name, title, broadcast
    )


def asking(groups: Groups, profile: int, code: GroupCode, card: ProfileCard) -> LiveGroup:
    """Return a group that we ask to be let into."""
    subscriber = code.broadcast and code.invite is None
    name = SUBSCRIBER if subscriber else card.name
    record = new_record(groups, name, "a group", broadcast=code.broadcast)
    record.link, record.invite, record.subscriber = code.text, code.invite, subscriber
    key, box = SigningKey(record.key), AgreementKey(record.box)
    now = int(groups.context.clock.now() * 1000)
    kind = "person" if subscriber else card.kind
    ticket = Ticket(code.group, key.public, box.public, name, kind, now)
    record.ticket, record.ticket_signature = write_ticket(key, ticket)
    row_id = next(groups.index.group_ids)
    log, chains = Log(code.group), Chains(code.group)
    return LiveGroup(row_id, profile, code.group, "asked", record, log, chains)


async def lanes_for(groups: Groups, profile: int, code: Code) -> list[LaneState]:
    """Make queues for a connection to who has this code. Raises `RelayError`."""
    context = groups.context
    reach.check(code, context.relays)
    transport, wanted = context.transport.of(profile), len(code.lanes)
    return await make_lanes(transport, best(context), wanted, context.clock, distinct=False)


async def connect(  # noqa: PLR0913, PLR0917 - what one step works on
    groups: Groups,
    turn: Applier,
    group: LiveGroup,
    code: Code,
    lanes: list[LaneState],
    to: Peer,
) -> Live:
    """Begin a connection of the group by a code, and ask to be known by it.

    ``to`` is whom it leads to; its connection is not set yet.
    """
    context = groups.context
    card = ProfileCard(group.record.name, "person")
    connection, effects = codes.answer(code, lanes, codes.Asker(card), context.clock)
    row_id = next(context.connection_ids)
    live = Live(row_id, group.profile, "", GROUP, 0, connection, {}, named=True)
    connection.rotation.schedule = context.schedule
    await begin(groups, turn, live, lanes)
    to.connection = live.id
    groups.add_peer(turn, group, to)
    await turn.apply(live, effects)
    await groups.say(turn, live, content.encode(request(group, live)))
    return live


async def begin(groups: Groups, turn: Applier, live: Live, lanes: list[LaneState]) -> None:
    """Store a new connection with its queues, and receive from them."""
    context = groups.context
    if not context.remember_cid(turn.unit, live.connection.cid):
        raise StateError("This code was used here already, or is your own.")
    context.take_name(turn.unit, live, hidden_name(live))
    turn.unit.write(client_rows.new_connection(live, context.clock.now()))
    accept.add_lanes(turn, live, lanes)
    context.lives[live.id] = live
    turn.unit.touch(live)
    turn.unit.after(partial(groups.engine.receiver.subscribe, live.profile, lanes))


def first_host() -> Peer:
    """Return whom a link leads to: it names no key."""
    return Peer(0, "host")


def request(group: LiveGroup, live: Live) -> GroupJoin:
    """Return what asks a host to know us by this connection."""
    record, proof = group.record, group.key.sign(here(live.connection.cid, group.gid))
    key, signature = b"", b""
    if record.invite is not None and group.status == "asked":
        invite = SigningKey(record.invite)
        key, signature = invite.public, invite.sign(invited(record.ticket))
    return GroupJoin(group.gid, record.ticket, record.ticket_signature, proof, key, signature)


# The side of the host


async def judge(
    groups: Groups, turn: Applier, group: LiveGroup, peer: Peer, join: GroupJoin
) -> None:
    """Let somebody in, or ask, or refuse. Raises `RemoteProtocolError`."""
    ticket = _ticket(groups.context.lives[peer.connection], join)
    if peer.state != "asking" or peer.kind == "host":
        raise RemoteProtocolError("somebody asks twice to be let in")
    if peer.key not in {b"", ticket.key}:
        raise RemoteProtocolError("somebody else than was invited asks to be let in")
    await _replace(groups, turn, group, peer, ticket.key)
    peer.key = ticket.key
    groups.save_peer(turn, group, peer)
    state, invite = group.state, _invite(group, join)
    if ticket.key in state.banned or ticket.key in group.record.banned:
        await admission.refuse(groups, turn, group, peer, "banned")
    elif ticket.key in state.members:
        await admission.open_peer(groups, turn, group, peer, newcomer=False)
    elif peer.kind == "mesh":
        await admission.refuse(groups, turn, group, peer, "unknown")
    elif invite or not state.settings.approval:
        await let_in(groups, turn, group, join, invite)
    else:
        await _wait(groups, turn, group, ticket, join, peer)


def _ticket(live: Live, join: GroupJoin) -> Ticket:
    """Return a ticket of this group whose holder is at the other end."""
    ticket = read_ticket(join.ticket, join.signature)
    proof = here(live.connection.cid, join.group)
    if ticket.group != join.group or not verify(ticket.key, proof, join.proof):
        raise RemoteProtocolError("a ticket was shown by somebody else than its holder")
    return ticket


async def _replace(
    groups: Groups, turn: Applier, group: LiveGroup, peer: Peer, key: bytes
) -> None:
    """End the older connection of somebody who comes by a new one."""
    for other in list(group.peers.values()):
        if other is not peer and other.key == key and other.kind == peer.kind:
            await groups.drop_peer(turn, group, other)


def _invite(group: LiveGroup, join: GroupJoin) -> bytes:
    """Return the key of the invitation that somebody shows, if it is good."""
    if join.invite not in group.state.invites:
        return b""
    good = verify(join.invite, invited(join.ticket), join.invite_signature)
    return join.invite if good else b""


async def let_in(
    groups: Groups, turn: Applier, group: LiveGroup, join: GroupJoin, invite: bytes = b""
) -> None:
    """Let somebody in who asks here."""
    ticket = read_ticket(join.ticket, join.signature)
    if group.state.settings.broadcast and not invite:
        for peer in group.peers.values():
            if peer.key == ticket.key and peer.state == "asking":
                await admission.open_peer(groups, turn, group, peer, newcomer=True)
                break
        return
    action = do.Join(join.ticket, join.signature, invite)
    if group.state.allows(group.me, action):
        await entries.write(groups, turn, group, action)
        return
    for peer in list(group.peers.values()):
        if peer.key == ticket.key:
            await admission.refuse(groups, turn, group, peer, "full")


async def _wait(  # noqa: PLR0913, PLR0917 - what one step works on
    groups: Groups,
    turn: Applier,
    group: LiveGroup,
    ticket: Ticket,
    join: GroupJoin,
    peer: Peer,
) -> None:
    """Tell those who may let somebody in that somebody asks."""
    turn.unit.write(
        rows.request(group.id, ticket.key, join.ticket, join.signature, peer.connection)
    )
    event = records.JoinRequestedRecord(group.id, ticket.key, ticket.name)
    groups.tell(turn, group, event)
    ask = content.encode(content.GroupAsk(group.gid, join.ticket, join.signature))
    for other in group.open("member", "host"):
        if group.state.role(other.key) >= group.state.settings.approve:
            await groups.say(turn, await groups.engine.live(other.connection), ask)


async def reject(groups: Groups, turn: Applier, group: LiveGroup, key: bytes) -> None:
    """Refuse somebody who waits; hosts are told to do so too."""
    turn.unit.write(rows.drop_request(group.id, key))
    for peer in list(group.peers.values()):
        if peer.key == key and peer.state == "asking":
            await admission.refuse(groups, turn, group, peer, "rejected")
    payload = content.encode(GroupReject(group.gid, key))
    for peer in group.open("host"):
        await groups.say(turn, await groups.engine.live(peer.connection), payload)


def answered(turn: Applier, group: LiveGroup, key: bytes) -> None:
    """Ask no more about somebody who is let in."""
    turn.unit.write(rows.drop_request(group.id, key))


# The side of the newcomer


async def accepted(
    groups: Groups, turn: Applier, group: LiveGroup, peer: Peer, accept_: GroupAccept
) -> None:
    """Know a host that knows us. Raises `RemoteProtocolError`."""
    live = groups.context.lives[peer.connection]
    if peer.state != "asking" or peer.kind == "member":
        raise RemoteProtocolError("a host accepts somebody who did not ask")
    if not verify(accept_.key, here(live.connection.cid, group.gid), accept_.proof):
        raise RemoteProtocolError("a host does not show its key")
    if peer.key not in {b"", accept_.key}:
        raise RemoteProtocolError("somebody else answers at the address of a host")
    peer.key, peer.state = accept_.key, "open"
    peer.heard = groups.context.clock.monotonic()
    groups.save_peer(turn, group, peer)
    renewing.goes_on(groups, turn, group, accept_.positions)
    if not group.record.accepted:
        group.record.accepted = True
        groups.save(turn, group)
        for position in accept_.positions:
            if group.chains.begin(position.author, position.seq, position.head):
                chain = group.chains.of(position.author)
                turn.unit.write(rows.chain(group.id, position.author, chain))
    groups.stir(turn, group)


async def refused(
    groups: Groups, turn: Applier, group: LiveGroup, peer: Peer, reason: str
) -> None:
    """Give up: a host does not let us in, or not any more."""
    if peer.kind == "host" and group.status in {"asked", "member"} and _counts(group, peer):
        group.status = "refused" if group.status == "asked" else "removed"
        groups.save(turn, group)
        event = records.GroupChangedRecord(group.id, group.status, "", group.record.name, reason)
        groups.tell(turn, group, event)
    await groups.drop_peer(turn, group, peer)


def _counts(group: LiveGroup, peer: Peer) -> bool:
    """Tell whether one host alone decides: while we ask, and for who only reads."""
    others = [each for each in group.peers.values() if each is not peer and each.kind == "host"]
    return group.status == "asked" or (group.record.subscriber and not others)


def first_entry(groups: Groups, record: GroupRecord, settings: do.Settings) -> core.Signed:
    """Begin a group of ours."""
    key, box = SigningKey(record.key), AgreementKey(record.box)
    action = do.Create(settings, record.name, box.public)
    return core.create(key, action, int(groups.context.clock.now() * 1000))
