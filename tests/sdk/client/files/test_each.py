import asyncio

import pytest

from graphchat.client.files.each import each
from graphchat.errors import RelayError


async def test_all_is_done_a_few_at_a_time() -> None:
    now, most, done = 0, 0, list[int]()

    async def work(number: int) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        done.append(number)

    await each(work, 10, 3)
    assert sorted(done) == list(range(10))
    assert most == 3
    await each(work, 0, 3)


async def test_the_first_error_ends_it() -> None:
    begun = 0

    async def work(number: int) -> None:
        nonlocal begun
        begun += 1
        await asyncio.sleep(0)
        if number == 1:
            raise RelayError
        await asyncio.sleep(10)

    with pytest.raises(RelayError):
        await each(work, 10, 3)
    assert begun == 3


async def test_who_is_cancelled_while_it_fails_is_cancelled() -> None:
    async def work(number: int) -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            raise RelayError from None

    task = asyncio.create_task(each(work, 1, 1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
