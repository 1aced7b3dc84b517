"""Founding a group, forwarding for it, and leaving it."""

from functools import partial
from typing import Final

from graphchat import content
from graphchat.client import codes, load, rows as client_rows
from graphchat.client.address_state import OpenAddress
from graphchat.client.apply import Applier
from graphchat.client.context import Job
from graphchat.client.groups import entries, forward, joining, rows
from graphchat.client.groups.live import LiveGroup
from graphchat.client.groups.registry import Groups
from graphchat.client.lanes import best
from graphchat.client.queues import make_lanes
from graphchat.client.stored import RemoveWork
from graphchat.content import GroupLeave
from graphchat.core.groups import actions as do
from graphchat.core.groups.actions import Role, Settings
from graphchat.core.groups.chains import Chains
from graphchat.core.groups.log import Log
from graphchat.core.lane import LaneState
from graphchat.errors import StateError

LANES: Final = 2


async def lanes(groups: Groups, profile: int) -> list[LaneState]:
    """Make queues at which a group is asked. Raises `RelayError`, `StateError`."""
    context = groups.context
    transport = context.transport.of(profile)
    return await make_lanes(transport, best(context), LANES, context.clock, distinct=True)


async def create(
    groups: Groups, profile: int, name: str, settings: Settings, made: list[LaneState]
) -> LiveGroup:
    """Found a group for which this device forwards."""

    async def found(turn: Applier) -> LiveGroup:
        record = joining.new_record(groups, name, settings.name, broadcast=settings.broadcast)
        first = joining.first_entry(groups, record, settings)
        gid, row_id = first.entry.group, next(groups.index.group_ids)
        log, chains = Log(gid), Chains(gid)
        group = LiveGroup(row_id, profile, gid, "asked", record, log, chains)
        groups.add(turn, group)
        await entries.take(groups, turn, group, [first.pack()], 0)
        await begin(groups, row_id, made, turn)
        return group

    return await groups.engine.do(found)


async def begin(groups: Groups, row_id: int, made: list[LaneState], turn: Applier) -> None:
    """Forward for a group, with an address of its own."""
    context, group = groups.context, await groups.get(row_id)
    code, state = codes.address(made, context.clock)
    await entries.write(groups, turn, group, do.Host(code.text))
    _drop_address(groups, turn, group)
    address = OpenAddress(
        next(context.address_ids), group.profile, state, accept_all=True, group=group.id
    )
    load.add_address(context, address)
    turn.unit.on_failure(partial(context.drop_address, address.id))
    turn.unit.write(client_rows.address(address, code.text, context.clock.now()))
    group.address = address.id
    groups.index.addresses[address.id] = group.id
    groups.save(turn, group)
    turn.unit.after(partial(groups.engine.receiver.subscribe_address, address))


def _drop_address(groups: Groups, turn: Applier, group: LiveGroup) -> None:
    """Delete the queues at which this group was asked."""
    context = groups.context
    address = context.addresses.get(group.address or 0)
    group.address = None
    if address is None:
        return
    turn.unit.write(client_rows.drop_address(address.id))
    for lane in address.state.lanes:
        work_id = next(context.work_ids)
        work = RemoveWork(
            lane.relay, lane.base, lane.recipient_id, lane.recipient_key, address.profile
        )
        turn.unit.write(client_rows.work(work_id, None, work))
        turn.unit.after(partial(context.hire, Job(work_id, None, work)))
    turn.unit.after(partial(context.drop_address, address.id))


async def end(groups: Groups, turn: Applier, group: LiveGroup) -> None:
    """Forward no more: members know the other hosts by the log."""
    _drop_address(groups, turn, group)
    groups.save(turn, group)
    for peer in list(group.peers.values()):
        if peer.kind == "member":
            groups.close_peer(turn, group, peer)


async def leave(groups: Groups, turn: Applier, group: LiveGroup) -> None:
    """Go, after the last words. Raises `StateError` for the last owner of others."""
    inside = group.log.begun and group.me in group.state.members
    if group.status == "member" and inside:
        _not_the_last(group)
        await entries.write(groups, turn, group, do.Leave())
    elif group.status == "member":
        payload = content.encode(GroupLeave(group.gid))
        for peer in group.open("host"):
            await groups.say(turn, await groups.engine.live(peer.connection), payload)
    group.status = "left"
    _drop_address(groups, turn, group)
    groups.save(turn, group)
    await _last_words(groups, turn, group)
    for peer in list(group.peers.values()):
        groups.close_peer(turn, group, peer)


async def _last_words(groups: Groups, turn: Applier, group: LiveGroup) -> None:
    """Say to everybody what they have to know before the connections end."""
    if not group.log.begun:
        return
    for peer in list(group.open("host", "member", "mesh")):
        live = await groups.engine.live(peer.connection)
        await forward.last_entries(groups, turn, group, live)


def _not_the_last(group: LiveGroup) -> None:
    owners = [key for key, each in group.state.members.items() if each.role == Role.OWNER]
    if owners == [group.me] and len(group.state.members) > 1:
        raise StateError(
            "You are the only owner. Make somebody else owner first: graphchat group role"
        )


async def forget(groups: Groups, row_id: int, turn: Applier) -> None:
    """Delete everything about a group here."""
    group = await groups.get(row_id)
    for peer in list(group.peers.values()):
        await groups.drop_peer(turn, group, peer)
    _drop_address(groups, turn, group)
    turn.unit.write(*rows.remove_group(group.id))
    turn.unit.after(partial(groups.unload, group.id))


def all_told(groups: Groups, group: LiveGroup) -> bool:
    """Tell whether relays have what there is to say to the peers of a group."""
    if forward.lagging(group):
        return False
    for peer in group.peers.values():
        live = groups.context.lives.get(peer.connection)
        if live is None or not live.established:
            continue
        lanes = [lane.state.sealed for lane in live.connection.lanes.values()]
        sent = max(lanes, default=0) >= live.connection.state.outbox.seq
        if not sent or all(traffic.waiting for traffic in live.traffic.values()):
            return False
    return True
