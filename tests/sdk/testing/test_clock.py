import pytest

from graphchat.clock import Clock
from graphchat.testing.clock import FakeClock


def test_equal_seeds_give_equal_bytes_and_other_seeds_others() -> None:
    one, same, other = FakeClock(b"a"), FakeClock(b"a"), FakeClock(b"b")
    first = one.random(40)
    assert len(first) == 40
    assert first == same.random(40)
    assert first != other.random(40)
    assert one.random(40) != first


def test_a_call_takes_whole_blocks() -> None:
    one, two = FakeClock(b"a"), FakeClock(b"a")
    one.random(1)
    two.random(32)
    assert one.random(33) == two.random(33)
    assert one.random(0) == b""


def test_time_moves_only_when_told_and_never_back() -> None:
    clock = FakeClock(now=100.0)
    used: Clock = clock
    assert (used.now(), used.monotonic()) == (100.0, 0.0)
    clock.advance(2.5)
    assert (used.now(), used.monotonic()) == (102.5, 2.5)
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1)
