from typing import Final

import pytest

from graphchat.core.receipts import (
    BATCH,
    LATEST,
    PATIENCE,
    REPEAT,
    SOONEST,
    GapTimer,
    ReceiptTimer,
)
from graphchat.testing.clock import FakeClock

STREAM: Final = b"s" * 8


def test_a_receipt_leaves_after_a_random_moment() -> None:
    moments: set[float] = set()
    for seed in range(200):
        timer = ReceiptTimer()
        timer.note(FakeClock(bytes([seed])))
        assert timer.due is not None
        assert SOONEST <= timer.due <= LATEST
        moments.add(timer.due)
    assert len(moments) == 200
    third = (LATEST - SOONEST) / 3
    for part in range(3):
        low = SOONEST + part * third
        assert 35 < sum(low <= moment < low + third for moment in moments) < 100


def test_more_frames_do_not_put_the_receipt_off() -> None:
    timer, clock = ReceiptTimer(), FakeClock()
    timer.note(clock)
    due = timer.due
    for _ in range(BATCH - 2):
        clock.advance(0.001)
        timer.note(clock)
        assert timer.due == due


def test_a_full_batch_has_its_receipt_now() -> None:
    timer, clock = ReceiptTimer(), FakeClock()
    for _ in range(BATCH - 1):
        timer.note(clock)
    assert not timer.take(clock.monotonic())
    timer.note(clock)
    assert timer.take(clock.monotonic())
    assert timer == ReceiptTimer()
    assert not timer.take(clock.monotonic() + 100)


@pytest.mark.parametrize("late", [0.0, 10.0])
def test_a_receipt_is_taken_once_when_it_is_due(late: float) -> None:
    timer, clock = ReceiptTimer(), FakeClock()
    timer.note(clock)
    assert timer.due is not None
    assert not timer.take(timer.due - 0.001)
    assert timer.take(timer.due + late)
    assert not timer.take(timer.due or 1_000.0)


def test_a_gap_is_asked_for_after_patience_and_again_later() -> None:
    gaps = GapTimer()
    gaps.note(STREAM, 10.0, missing=True)
    gaps.note(STREAM, 11.0, missing=True)
    assert gaps.take(10.0 + PATIENCE - 0.001) == []
    assert gaps.take(10.0 + PATIENCE) == [STREAM]
    assert gaps.take(10.0 + PATIENCE + REPEAT - 0.001) == []
    assert gaps.take(10.0 + PATIENCE + REPEAT) == [STREAM]


def test_a_gap_that_is_filled_is_not_asked_for() -> None:
    gaps = GapTimer()
    gaps.note(STREAM, 0.0, missing=True)
    gaps.note(b"t" * 8, 1.0, missing=True)
    gaps.note(STREAM, 1.0, missing=False)
    assert gaps.take(1_000.0) == [b"t" * 8]
