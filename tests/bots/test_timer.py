import asyncio
import time

import pytest

from graphchat_bots.timer import SystemTimer


async def test_an_alarm_rings_at_its_time() -> None:
    timer, rung = SystemTimer(), asyncio.Event()
    start = time.monotonic()
    timer.call_at(timer.now() + 0.02, rung.set)
    await asyncio.wait_for(rung.wait(), 5)
    assert time.monotonic() - start >= 0.015


async def test_an_alarm_that_was_cancelled_does_not_ring() -> None:
    timer, rung = SystemTimer(), asyncio.Event()
    timer.call_at(timer.now(), rung.set)()
    await timer.sleep(0.01)
    assert not rung.is_set()


async def test_an_alarm_far_away_looks_at_the_clock_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphchat_bots.timer.LONGEST", 0.01)
    timer, rung = SystemTimer(), asyncio.Event()
    timer.call_at(float("inf"), rung.set)
    await asyncio.wait_for(rung.wait(), 5)


def test_the_time_is_that_of_the_system() -> None:
    timer = SystemTimer()
    assert abs(timer.now() - time.time()) < 5
    assert timer.monotonic() <= timer.monotonic()
    assert len(timer.random(8)) == 8
