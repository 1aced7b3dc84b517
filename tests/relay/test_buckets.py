"""Rates are kept whatever the clock does, and nothing is remembered of who is at rest."""

from hypothesis import given, strategies as st

from graphchat.testing.clock import FakeClock
from graphchat_relay.buckets import MANY, Bucket, Buckets

PAUSES = st.lists(st.tuples(st.floats(0, 5), st.floats(0, 30)), max_size=60)
TINY = 1e-6


@given(PAUSES, st.floats(0.1, 20), st.floats(1, 100))
def test_no_more_is_taken_than_came(
    steps: list[tuple[float, float]], rate: float, burst: float
) -> None:
    clock = FakeClock()
    bucket = Bucket(clock, rate, burst)
    taken = 0.0
    for pause, units in steps:
        clock.advance(pause)
        taken += units * bucket.take(units)
        assert taken <= burst + rate * clock.monotonic() + TINY


@given(PAUSES, st.floats(0.1, 20), st.floats(1, 100))
def test_who_waits_as_told_keeps_the_rate(
    steps: list[tuple[float, float]], rate: float, burst: float
) -> None:
    clock = FakeClock()
    bucket = Bucket(clock, rate, burst)
    spent = 0.0
    for pause, units in steps:
        clock.advance(pause)
        clock.advance(bucket.spend(units))
        spent += units
        assert bucket.wait(0) <= TINY, "nothing is owed any more"
        assert spent <= burst + rate * clock.monotonic() + TINY


@given(st.floats(0.1, 20), st.floats(1, 100), st.floats(0, 100))
def test_the_wait_for_so_many_is_neither_too_short_nor_too_long(
    rate: float, burst: float, units: float
) -> None:
    units = min(units, burst)
    clock = FakeClock()
    bucket = Bucket(clock, rate, burst)
    bucket.spend(burst)
    wait = bucket.wait(units)
    clock.advance(max(0.0, wait - 0.01))
    assert not bucket.take(units + TINY)
    clock.advance(0.02)
    assert bucket.take(units - TINY)


def test_a_burst_is_allowed_and_comes_back() -> None:
    clock = FakeClock()
    bucket = Bucket(clock, 1, 10)
    assert [bucket.take() for _ in range(11)] == [True] * 10 + [False]
    clock.advance(2)
    assert [bucket.take() for _ in range(3)] == [True, True, False]


def test_one_that_waits_long_enough_is_full() -> None:
    clock = FakeClock()
    bucket = Bucket(clock, 1, 10)
    bucket.spend(30)
    fulls = [bucket.full]
    for _ in range(2):
        clock.advance(15)
        fulls.append(bucket.full)
    clock.advance(15)
    fulls.append(bucket.full)
    assert fulls == [False, False, True, True]
    assert bucket.wait(10) == 0


def test_each_key_has_a_bucket_of_its_own() -> None:
    clock = FakeClock()
    buckets = Buckets(clock, 1, 2)
    assert [buckets.of(b"a").take() for _ in range(3)] == [True, True, False]
    assert buckets.of(b"b").take()


def test_those_at_rest_are_forgotten_and_the_others_are_not() -> None:
    clock = FakeClock()
    buckets = Buckets(clock, 1, 2)
    for number in range(MANY):
        assert buckets.of(b"%d" % number).take()
    clock.advance(1)
    assert [buckets.of(b"0").take() for _ in range(2)] == [True, True]
    for number in range(MANY):
        buckets.of(b"more %d" % number).take()
        assert len(buckets) <= 2 * MANY
    assert not buckets.of(b"0").take(), "it was not full"
    assert len(buckets) < MANY + 2
