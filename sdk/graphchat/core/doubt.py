"""When a lane is not good enough any more: its relay drops what it took, it is old, it is broken.

docs/protocol.md, section 15.
"""

from dataclasses import dataclass
from typing import Final

from graphchat.content.lanes import LaneSeen, Reason
from graphchat.core.lane import Lane

DAY: Final = 86_400.0
# Envelopes in a row that a lane cannot open, after which it is out of step.
UNREADABLE: Final = 3
# Bob waits longer than Alice, so that seldom both want the same.
BOB_WAITS: Final = 1.5


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long a lane, a proof key and the doubt about a relay may last. Times are seconds."""

    lane_age: float = 7 * DAY
    lane_frames: int = 10_000
    """Frames sealed by a lane."""
    doubt: float = 60.0
    """What a relay took may not have come for so long, although it came by others."""
    away: float = DAY
    """A relay may not answer for so long, while others do."""
    key_age: float = 7 * DAY
    """How long a proof key signs."""
    key_frames: int = 10_000
    """Frames that a proof key signs."""
    give_up: float = 600.0
    """A new lane has to work within this time."""

    def due(self, lane: Lane, *, is_alice: bool) -> float:
        """Return when the lane is to be replaced because of its age, in seconds since 1970."""
        # A random part of the age, so that nobody sees several lanes replaced at one time.
        share = 0.75 + lane.state.recipient_id[0] / 512
        return lane.state.since + self.lane_age * share * (1.0 if is_alice else BOB_WAITS)


def why_replace(lane: Lane, now: float, schedule: Schedule, *, is_alice: bool) -> Reason | None:
    """Tell why a lane is to be replaced; None while it is good."""
    state = lane.state
    if state.dropped:
        return "drops"
    if lane.failures >= UNREADABLE:
        return "reset"
    if state.away_since and now - state.away_since >= schedule.away:
        return "away"
    frames = schedule.lane_frames * (1.0 if is_alice else BOB_WAITS)
    if schedule.due(lane, is_alice=is_alice) <= now or state.sealed - state.first >= frames:
        return "rotation"
    return None


def note_seen(lane: Lane, seen: LaneSeen, now: float, schedule: Schedule) -> None:
    """Compare what a relay took with what came by it, as a receipt says.

    A relay may be slow: it is in doubt first, and drops if the same is missing after a while.
    """
    state = lane.state
    expected = state.doubt_seq if state.doubt_since else state.acked
    if seen.seq >= expected and not seen.missing:
        state.doubt_since, state.doubt_seq = 0.0, 0
    elif not state.doubt_since:
        state.doubt_since, state.doubt_seq = now, state.acked
    elif now - state.doubt_since >= schedule.doubt:
        state.dropped = True
