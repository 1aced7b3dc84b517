import asyncio
import gc

import pytest

from graphchat_bots.conversation.driving import ENDED, drive, pause


async def asks(log: list[object]) -> None:
    log.append(await pause("first"))
    await asyncio.sleep(0)
    try:
        await pause("second")
    except KeyError as error:
        log.append(error)
    await asyncio.sleep(0)


async def test_a_coroutine_that_asks_is_set_aside_and_sent_on() -> None:
    log: list[object] = []
    work = asks(log)
    assert await drive(work) == "first"
    assert await drive(work, "answer") == "second"
    error = KeyError("no")
    assert await drive(work, error=error) is ENDED
    assert log == ["answer", error]


async def test_it_may_go_on_in_another_task() -> None:
    log: list[object] = []
    work = asks(log)

    async def go(value: object) -> object:
        return await drive(work, value)

    assert await asyncio.create_task(go(None)) == "first"
    assert await asyncio.create_task(go("answer")) == "second"
    work.close()


async def test_a_cancelled_task_cancels_what_it_runs() -> None:
    seen: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("ended")

    async def run() -> None:
        await drive(waits())

    task = asyncio.create_task(run())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["ended"]


async def test_a_timeout_reaches_the_coroutine() -> None:
    async def waits() -> None:
        await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await drive(waits())


async def test_ten_thousand_that_wait_hold_no_task() -> None:
    works = [asks([]) for _ in range(10_000)]
    for work in works:
        assert await drive(work) == "first"
    assert len(asyncio.all_tasks()) == 1
    for work in works:
        work.close()
    del works
    gc.collect()


async def test_a_task_that_a_handler_has_started_cannot_ask() -> None:
    async def handler() -> None:
        await asyncio.create_task(asks([]))

    with pytest.raises(RuntimeError, match="bad yield"):
        await drive(handler())
