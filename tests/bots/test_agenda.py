import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from graphchat.errors import StoreError
from graphchat_bots import Bot, Ctx, Message
from graphchat_bots.agenda import MAX_RUNNING_IN_CHAT, PAGE
from graphchat_bots.store import BotStore


def planner() -> tuple[Bot, asyncio.Event]:
    bot, gate = Bot("planner"), asyncio.Event()
    gate.set()

    @bot.command()
    async def plan(ctx: Ctx, count: int, kind: str) -> None:
        jobs: dict[str, Callable[..., Awaitable[str | None]]] = {
            "run": run,
            "wait": wait,
            "chain": chain,
        }
        job = jobs[kind]
        for number in range(count):
            await ctx.later(timedelta(minutes=1), job, number)

    @bot.job
    async def run(n: int) -> str:
        return f"{n}"

    @bot.job
    async def wait(n: int) -> str:
        await gate.wait()
        return f"{n}"

    @bot.job
    async def chain(ctx: Ctx, n: int) -> str:
        if n < 3:
            await ctx.later(timedelta(minutes=1), chain, n + 1)
        return f"{n} at {ctx.now():%M:%S}"

    @bot.message()
    async def echo(msg: Message) -> str:
        return msg.text

    return bot, gate


async def test_many_jobs_that_are_due_together_all_run_in_order(tmp_path: Path) -> None:
    bot, _ = planner()
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/plan 100 run")
        await world.advance(timedelta(minutes=1))
        assert await ann.hears() == [str(number) for number in range(100)]
    assert 100 > PAGE > MAX_RUNNING_IN_CHAT


async def test_slow_jobs_of_one_chat_do_not_hold_up_another(tmp_path: Path) -> None:
    bot, gate = planner()
    async with bot.testing(tmp_path) as world:
        slow, ann = world.person("Slow"), world.person("Ann")
        for _ in range(3):
            await slow.says("/plan 100 wait")
        await ann.says("/plan 3 run")
        gate.clear()
        world.clock.turn_to(world.clock.now() + 60)
        async with asyncio.timeout(5):
            while len(await ann.hears()) < 3:  # noqa: ASYNC110 - no event says so
                await asyncio.sleep(0.001)
        gate.set()
        assert len(await slow.hears()) == 300


async def test_a_job_may_plan_the_next(tmp_path: Path) -> None:
    bot, _ = planner()
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/plan 1 chain")
        await world.advance(timedelta(minutes=10))
        minute = int(f"{(world.clock.now() // 60 - 10) % 60:.0f}")
        assert [str(said).partition(":")[0] for said in await ann.hears()] == [
            f"{n} at {(minute + n + 1) % 60:02}" for n in range(4)
        ]


async def test_a_store_that_fails_does_not_end_all_reminders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot, _ = planner()
    jobs, failures = BotStore.jobs, 3

    async def fail(self: BotStore, *args: object) -> object:
        nonlocal failures
        if failures:
            failures -= 1
            raise StoreError
        return await jobs(self, *args)  # type: ignore[arg-type]  # passed through

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/plan 1 run")
        monkeypatch.setattr(BotStore, "jobs", fail)
        await world.advance(timedelta(minutes=5))
        assert await ann.hears() == ["0"]
    assert failures == 0
