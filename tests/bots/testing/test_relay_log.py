import asyncio

import pytest

from graphchat_bots.testing.relay_log import Signal


async def test_all_who_wait_for_a_signal_are_waked() -> None:
    signal, holds = Signal(), list[int]()
    waiting = [asyncio.create_task(signal.until(lambda: bool(holds))) for _ in range(3)]
    await asyncio.sleep(0)
    signal.ring()
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    holds.append(1)
    signal.ring()
    await asyncio.wait_for(asyncio.gather(*waiting), 5)


async def test_what_never_holds_is_not_waited_for_for_ever() -> None:
    with pytest.raises(TimeoutError):
        await Signal().until(lambda: False, patience=0.01)
