"""The steps of a handshake that need more than one machine: fresh queues, refusals."""

from collections.abc import Sequence
from functools import partial

from graphchat.client import rows
from graphchat.client.address_state import OpenAddress
from graphchat.client.apply import Applier
from graphchat.client.context import Job, LaneRoute
from graphchat.client.live import Live, Traffic
from graphchat.client.stored import RemoveWork
from graphchat.core.handshake import Phase, Role
from graphchat.core.lane import LaneState


async def with_lanes(turn: Applier, live: Live, lanes: Sequence[LaneState]) -> None:
    """Accept a request at an address, with fresh queues for the answer."""
    turn.unit.touch(live)
    add_lanes(turn, live, lanes)
    await turn.apply(live, live.connection.accept(lanes))


def add_lanes(turn: Applier, live: Live, lanes: Sequence[LaneState]) -> None:
    """Store new queues of ours, and know them when something arrives."""
    # Set, not appended: a job that could not be committed is done once more.
    live.traffic = {lane.number: Traffic() for lane in lanes}
    for lane in lanes:
        turn.unit.write(rows.lane(live.id, lane))
        turn.context.routes[lane.recipient_id] = LaneRoute(live.id, lane.number)


async def put_refused(turn: Applier, live: Live) -> None:
    """Note that a queue of the code takes no confirmation; after the last one, give up."""
    shake = live.connection.state.handshake
    await turn.apply(live, live.connection.rekey.refused())
    turn.unit.after(turn.context.pulses[live.id].beat)
    if (shake.role, shake.phase) != (Role.BOB, Phase.REQUESTED):
        return
    turn.unit.touch(live)
    shake.refusals += 1
    if shake.refusals >= len(shake.peer_lanes) and not live.failed:
        turn.give_up(live)
        await turn.context.devices.failed(turn, live)


def remove(turn: Applier, live: Live) -> None:
    """Forget a connection with all that belongs to it, and delete its queues."""
    context = turn.context
    for lane in live.connection.lanes.values():
        state = lane.state
        context.forget_route(turn.unit, state.recipient_id)
        work = RemoveWork(
            state.relay, state.base, state.recipient_id, state.recipient_key, live.profile
        )
        turn.work(live, work)
    context.uploads.forget(turn, live.id)
    turn.unit.write(*rows.remove_connection(live.id))
    turn.unit.forget(live)
    context.forget_name(turn.unit, live)
    # Whatever else comes in this batch must not find it, nor what was loaded meanwhile stay.
    context.unload(live.id)
    turn.unit.after(partial(context.unload, live.id))
    turn.unit.after(context.pulses[live.id].beat)
    turn.unit.after(partial(context.end_progresses, live.id))


def drop_address(turn: Applier, address: OpenAddress) -> None:
    """Forget an address, and delete its queues."""
    context = turn.context
    turn.unit.write(rows.drop_address(address.id))
    for lane in address.state.lanes:
        work_id = next(context.work_ids)
        work = RemoveWork(
            lane.relay, lane.base, lane.recipient_id, lane.recipient_key, address.profile
        )
        turn.unit.write(rows.work(work_id, None, work))
        turn.unit.after(partial(context.hire, Job(work_id, None, work)))
    turn.unit.after(partial(context.drop_address, address.id))
