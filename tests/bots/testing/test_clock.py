import pytest

from graphchat_bots.testing.clock import START, HandClock


def test_alarms_ring_in_order_as_time_passes() -> None:
    clock, rung = HandClock(), list[tuple[str, float]]()
    for name, after in (("b", 2.0), ("a", 1.0), ("c", 9.0)):
        clock.call_at(START + after, lambda name=name: rung.append((name, clock.now() - START)))  # type: ignore[misc]  # mypy cannot infer lambdas with defaults
    assert clock.next_alarm() == START + 1
    clock.turn_to(START + 5)
    assert rung == [("a", 1.0), ("b", 2.0)]
    assert clock.now() == clock.monotonic() == START + 5


def test_an_alarm_can_be_cancelled() -> None:
    clock, rung = HandClock(), list[str]()
    clock.call_at(START + 1, lambda: rung.append("a"))()
    assert clock.next_alarm() is None
    clock.turn_to(START + 2)
    assert rung == []


def test_an_alarm_in_the_past_rings_at_once_and_one_at_no_time_never() -> None:
    clock, rung = HandClock(), list[str]()
    clock.call_at(START, lambda: rung.append("now"))
    clock.call_at(float("inf"), lambda: rung.append("never"))
    assert rung == ["now"]
    assert clock.next_alarm() is None


def test_the_clock_never_goes_back() -> None:
    clock = HandClock()
    clock.turn_to(START - 1)
    assert clock.now() == START


async def test_sleeping_lets_time_pass_at_once() -> None:
    clock = HandClock()
    await clock.sleep(3600)
    assert clock.now() == START + 3600


@pytest.mark.parametrize("size", [0, 1, 32, 33, 100])
def test_randomness_is_the_same_in_every_test(size: int) -> None:
    first, second = HandClock(), HandClock()
    assert first.random(size) == second.random(size)
    assert len(first.random(size)) == size
    assert size < 32 or first.random(size) != first.random(size)
