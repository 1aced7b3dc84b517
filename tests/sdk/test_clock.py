import time

from graphchat.clock import Clock, SystemClock


def test_the_system_clock_is_a_clock() -> None:
    clock: Clock = SystemClock()
    assert abs(clock.now() - time.time()) < 60


def test_its_stopwatch_never_goes_back() -> None:
    clock = SystemClock()
    times = [clock.monotonic() for _ in range(1000)]
    assert times == sorted(times)


def test_its_dice_fall_differently_each_time_and_have_any_size() -> None:
    clock = SystemClock()
    assert len({clock.random(16) for _ in range(1000)}) == 1000
    assert [len(clock.random(size)) for size in (0, 1, 33)] == [0, 1, 33]
