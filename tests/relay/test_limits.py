from hypothesis import given, strategies as st

from graphchat.testing.clock import FakeClock
from graphchat_relay.limits import Bucket


@given(st.lists(st.floats(0, 5), max_size=60), st.floats(0.1, 20))
def test_a_rate_is_kept_over_any_time(pauses: list[float], rate: float) -> None:
    clock = FakeClock()
    bucket = Bucket(clock, rate)
    taken = 0
    for pause in pauses:
        clock.advance(pause)
        taken += bucket.take()
        assert taken <= max(1.0, 10 * rate) + rate * clock.monotonic() + 1e-6


def test_a_burst_is_allowed_and_comes_back() -> None:
    clock = FakeClock()
    bucket = Bucket(clock, 1)
    assert [bucket.take() for _ in range(11)] == [True] * 10 + [False]
    clock.advance(2)
    assert [bucket.take() for _ in range(3)] == [True, True, False]
