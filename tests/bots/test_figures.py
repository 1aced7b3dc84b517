import pytest

from graphchat_bots.figures import BUCKETS, Durations, Figures


def test_durations_fall_into_buckets() -> None:
    durations = Durations()
    for seconds in (0.0, BUCKETS[0], BUCKETS[-1], BUCKETS[-1] + 1):
        durations.add(seconds)
    assert durations.counts[0] == 2  # a bucket holds its upper end
    assert durations.counts[-2:] == [1, 1]
    assert durations.seconds == BUCKETS[0] + 2 * BUCKETS[-1] + 1


def test_a_run_that_fails_is_counted_too() -> None:
    figures = Figures()
    with pytest.raises(KeyError), figures.timing("order"):
        raise KeyError
    with figures.timing("order"):
        pass
    assert sum(figures.handlers["order"].counts) == 2
