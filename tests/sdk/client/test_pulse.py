import asyncio

import pytest

from graphchat.client.pulse import Pulse
from graphchat.errors import StateError


async def test_a_beat_wakes_all_who_wait() -> None:
    pulse = Pulse()
    waits = [asyncio.create_task(pulse.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    pulse.beat()
    async with asyncio.timeout(1):
        await asyncio.gather(*waits)
    assert pulse.count == 1


async def test_a_beat_since_the_last_look_is_not_missed() -> None:
    pulse = Pulse()
    seen = pulse.count
    pulse.beat()
    async with asyncio.timeout(1):
        await pulse.wait(seen)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await pulse.wait(pulse.count)


async def test_who_gave_up_is_forgotten() -> None:
    pulse = Pulse()
    wait = asyncio.create_task(pulse.wait())
    await asyncio.sleep(0)
    wait.cancel()
    await asyncio.wait([wait])
    pulse.beat()
    assert pulse._waiting == set()


async def test_its_end_wakes_with_an_error_for_ever() -> None:
    pulse = Pulse()
    wait = asyncio.create_task(pulse.wait())
    await asyncio.sleep(0)
    pulse.end("It is over.")
    for each in (wait, pulse.wait(), pulse.wait(0), Pulse.ended().wait()):
        with pytest.raises(StateError):
            await each
