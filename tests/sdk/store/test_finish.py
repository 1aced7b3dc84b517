import asyncio
import gc

import pytest

from graphchat.store.finish import to_the_end


async def test_a_result_and_an_error_come_through() -> None:
    assert await to_the_end(asyncio.sleep(0, "result")) == "result"
    with pytest.raises(TimeoutError):
        await to_the_end(asyncio.wait_for(asyncio.sleep(1), 0))


@pytest.mark.parametrize("fails", [False, True])
async def test_work_is_finished_however_often_its_caller_is_cancelled(*, fails: bool) -> None:
    release, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await release.wait()
        ended.set()
        if fails:
            raise LookupError

    task = asyncio.create_task(to_the_end(work()))
    for _ in range(3):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    release.set()
    await asyncio.wait([task])
    assert ended.is_set()
    assert task.cancelled()
    del task
    gc.collect()  # an error that nobody saw would complain here
