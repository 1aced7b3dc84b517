"""The driver of lanes that come later: which relay, whose fault, and a fresh queue put in.

The machine is `graphchat.core.rotation`; docs/protocol.md, section 15.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from graphchat.client import rows
from graphchat.client.context import Context, LaneRoute
from graphchat.client.live import GROUP, OWN, SCANNED, VERIFIED, Live, Traffic
from graphchat.client.stored import JoinWork, RekeyedRecord, RelayFailedRecord, WidenWork
from graphchat.content.lanes import Reason
from graphchat.core.lane import LaneState
from graphchat.wire.uri import RelayAddress

if TYPE_CHECKING:
    from graphchat.client.apply import Applier


def to_shun(live: Live, replaces: int | None) -> tuple[bytes, ...]:
    """Return our relays that a new lane should not use: those of the lanes that stay.

    The relay of the lane that goes may be used again, unless it has failed us.
    """
    return tuple(
        lane.state.relay
        for number, lane in live.connection.lanes.items()
        if number != replaces and not lane.state.leaving
    )


def best(context: Context) -> list[RelayAddress]:
    """Return our relays, those first that have done best as seen from here."""
    return sorted(context.relays, key=context.health.demerits)


def choose(context: Context, live: Live, shun: Sequence[bytes]) -> list[RelayAddress]:
    """Return our relays, the best for a new lane of ``live`` first."""
    return sorted(
        context.relays,
        key=lambda relay: (relay.fingerprint in shun, context.health.demerits(relay)),
    )


async def add(turn: "Applier", live: Live, work: WidenWork | JoinWork, fresh: LaneState) -> None:
    """Put a fresh queue into the connection, and say so to the other side."""
    machine = live.connection
    if isinstance(work, WidenWork):
        effects = machine.offer_lane(fresh)
    else:
        effects = machine.join_lane(fresh)
    turn.unit.touch(live, fresh.number)
    if fresh.number in machine.lanes:
        keep(turn, live, fresh)
    await turn.apply(live, effects)


def keep(turn: "Applier", live: Live, fresh: LaneState) -> None:
    """Store one more queue of ours, and know it when something arrives."""
    live.traffic[fresh.number] = Traffic()
    turn.unit.write(rows.lane(live.id, fresh))
    turn.context.routes[fresh.recipient_id] = LaneRoute(live.id, fresh.number)


def rekeyed(turn: "Applier", live: Live, *, both_ways: bool) -> None:
    """Note that a code was used for a contact that was there: it is the same one."""
    turn.unit.on_failure(partial(setattr, live, "trust", live.trust))
    scanned_both = both_ways and live.trust >= SCANNED
    live.trust = max(live.trust, VERIFIED if scanned_both else SCANNED)
    turn.unit.write(rows.trust(live))
    turn.context.tell(turn.unit, live.profile, RekeyedRecord(live.id, live.trust))
    turn.unit.after(turn.context.pulses[live.id].beat)


def blame(turn: "Applier", live: Live, lane: LaneState, why: Reason) -> None:
    """Tell that a relay of the other side has failed."""
    if lane.peer is not None:
        _tell(turn, live, lane.peer.relay, lane.peer.base, why, ours=False)


def blamed(turn: "Applier", live: Live, lane: LaneState, why: Reason) -> None:
    """Tell that a contact says that a relay of ours has failed."""
    _tell(turn, live, lane.relay, lane.base, why, ours=True)


def _tell(  # noqa: PLR0913 - what is told
    turn: "Applier", live: Live, relay: bytes, base: str, why: Reason, *, ours: bool
) -> None:
    turn.context.health.blame(turn.unit, relay, base, why, ours=ours)
    contact = turn.context.devices.contact_of(live.id)
    if live.kind not in {GROUP, OWN}:
        turn.context.tell(turn.unit, live.profile, RelayFailedRecord(contact, base, ours, why))
