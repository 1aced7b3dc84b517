import pytest

from graphchat.content.lanes import LaneSeen
from graphchat.core.doubt import DAY, UNREADABLE, Schedule, note_seen, why_replace
from graphchat.core.lane import Lane
from graphchat.testing.clock import FakeClock
from graphchat.testing.queues import Network, new_lane

NOW = 1_000_000.0
PLAN = Schedule()


@pytest.fixture
def lane() -> Lane:
    found = Lane(new_lane(0, Network(), FakeClock()))
    found.state.since = NOW
    return found


def why(lane: Lane, later: float = 0.0, *, is_alice: bool = True) -> str | None:
    return why_replace(lane, NOW + later, PLAN, is_alice=is_alice)


def test_a_lane_that_keeps_up_is_good(lane: Lane) -> None:
    lane.taken(7)
    for later in (0.0, 2 * PLAN.doubt):
        note_seen(lane, LaneSeen(0, 7), NOW + later, PLAN)
        assert why(lane, later) is None


def test_what_is_late_once_is_in_doubt_and_drops_if_it_does_not_come(lane: Lane) -> None:
    lane.taken(7)
    note_seen(lane, LaneSeen(0, 6), NOW, PLAN)
    assert why(lane) is None
    lane.taken(9)
    note_seen(lane, LaneSeen(0, 6), NOW + PLAN.doubt - 1, PLAN)
    assert why(lane) is None
    note_seen(lane, LaneSeen(0, 6), NOW + PLAN.doubt, PLAN)
    assert why(lane) == "drops"


def test_what_comes_late_ends_the_doubt_although_newer_frames_are_on_their_way(lane: Lane) -> None:
    lane.taken(7)
    note_seen(lane, LaneSeen(0, 6), NOW, PLAN)
    lane.taken(9)
    note_seen(lane, LaneSeen(0, 7), NOW + PLAN.doubt, PLAN)
    note_seen(lane, LaneSeen(0, 8), NOW + PLAN.doubt + 1, PLAN)
    assert why(lane) is None


def test_a_hole_that_stays_is_a_drop(lane: Lane) -> None:
    lane.taken(7)
    note_seen(lane, LaneSeen(0, 7, 1), NOW, PLAN)
    note_seen(lane, LaneSeen(0, 7, 1), NOW + PLAN.doubt, PLAN)
    assert why(lane) == "drops"


def test_age_and_number_of_frames_are_reasons_later_for_bob(lane: Lane) -> None:
    assert why(lane, 0.7 * PLAN.lane_age) is None
    assert why(lane, 1.3 * PLAN.lane_age) == "rotation"
    assert why(lane, 1.1 * PLAN.lane_age, is_alice=False) is None
    assert why(lane, 1.9 * PLAN.lane_age, is_alice=False) == "rotation"
    lane.state.first, lane.state.sealed = 5, 5 + PLAN.lane_frames
    assert (why(lane), why(lane, is_alice=False)) == ("rotation", None)


def test_a_relay_that_is_away_for_a_day_is_left(lane: Lane) -> None:
    lane.state.away_since = NOW
    assert why(lane, DAY - 1) is None
    assert why(lane, DAY) == "away"


def test_a_lane_that_opens_nothing_is_out_of_step(lane: Lane) -> None:
    lane.failures = UNREADABLE - 1
    assert why(lane) is None
    lane.failures = UNREADABLE
    assert why(lane) == "reset"
