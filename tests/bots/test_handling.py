import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from graphchat.content import Text
from graphchat_bots import Bot, Ctx, Message
from graphchat_bots.errors import HandlerCancelledError
from graphchat_bots.kept import unpack_event, unpack_job
from graphchat_bots.limits import Limits
from graphchat_bots.log import reference
from graphchat_bots.store import DeadLetter
from graphchat_bots.testing.world import HandlerError


def shaky(failures: int, limits: Limits | None = None) -> tuple[Bot, list[str]]:
    """Return a bot whose first ``failures`` runs fail, and the list of its runs."""
    bot, runs = Bot("shaky", limits=limits), list[str]()

    @bot.message()
    async def answer(ctx: Ctx, msg: Message) -> str:
        runs.append(msg.text)
        await ctx.send("never seen" if len(runs) <= failures else "first")
        if len(runs) <= failures:
            raise ValueError(f"could not parse {msg.text}")
        return "second"

    @bot.command()
    async def later(ctx: Ctx) -> None:
        await ctx.later(timedelta(minutes=1), job, "argument")

    @bot.job
    async def job(ctx: Ctx, text: str) -> str:
        runs.append(text)
        if len(runs) <= failures:
            raise ValueError(text)
        return "done"

    return bot, runs


async def test_a_handler_that_fails_is_tried_again(tmp_path: Path) -> None:
    bot, runs = shaky(2)
    async with bot.testing(tmp_path) as world:
        with world.expecting(ValueError):
            assert await world.person("Ann").says("x") == ["first", "second"]
        assert await world.dead_letters() == []
    assert runs == ["x", "x", "x"]


async def test_after_some_tries_the_chat_gets_an_apology_and_goes_on(tmp_path: Path) -> None:
    bot, runs = shaky(3)
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        with world.expecting(ValueError), capture_logs() as logs:
            (apology,) = await ann.says("my secret")
        (letter,) = await world.dead_letters()
        assert apology == f"Sorry, something went wrong here. Reference: {letter.reference}"
        assert unpack_event(letter.body).message == Text("my secret")
        assert (letter.kind, letter.error, letter.tries) == ("message", "ValueError", 3)
        assert await ann.says("x") == ["first", "second"]
    failed = [log for log in logs if log["event"] == "handler failed"]
    assert [log["reference"] for log in failed] == [letter.reference] * 3
    assert "test_handling.py" in failed[0]["error"]
    assert "secret" not in str(logs)
    assert len(runs) == 4


async def test_a_job_that_fails_is_tried_again_later(tmp_path: Path) -> None:
    bot, runs = shaky(2)
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/later")
        with world.expecting(ValueError):
            await world.advance(timedelta(minutes=1))
            assert await ann.hears() == []
            await world.crash()
            await world.advance(timedelta(minutes=1))
        assert await ann.hears() == ["done"]
    assert runs == ["argument"] * 3


async def test_a_job_that_always_fails_is_set_aside(tmp_path: Path) -> None:
    bot, runs = shaky(99)
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/later")
        with world.expecting(ValueError):
            await world.advance(timedelta(hours=1))
        (letter,) = await world.dead_letters()
        assert await ann.hears() == [
            f"Sorry, something went wrong here. Reference: {letter.reference}"
        ]
        assert (letter.kind, letter.name) == ("job", "job")
        assert unpack_job(letter.body).body == b"\x91\xa8argument"
    assert len(runs) == 3


async def test_a_job_that_was_renamed_is_set_aside(tmp_path: Path) -> None:
    bot, _ = shaky(0)
    async with bot.testing(tmp_path) as world:
        await world.person("Ann").says("/later")
    async with Bot("other").testing(tmp_path) as world:
        with world.expecting(LookupError):
            await world.advance(timedelta(hours=1))
        (letter,) = await world.dead_letters()
        assert letter.error == "LookupError"


async def test_a_handler_that_hangs_is_ended(tmp_path: Path) -> None:
    bot = Bot("slow", limits=Limits(tries=1, patience=timedelta(milliseconds=10)))

    @bot.message()
    async def hang(msg: Message) -> None:
        await asyncio.Event().wait()

    async with bot.testing(tmp_path) as world:
        with world.expecting(TimeoutError):
            (apology,) = await world.person("Ann").says("x")
        assert isinstance(apology, str)


async def test_a_handler_that_waits_for_what_was_cancelled_fails_like_any_other(
    tmp_path: Path,
) -> None:
    bot = Bot("cancelling")

    @bot.message(lambda msg: msg.text == "boom")
    async def boom(msg: Message) -> None:
        task = asyncio.create_task(asyncio.sleep(10))
        task.cancel()
        await task

    @bot.message()
    async def echo(msg: Message) -> str:
        return msg.text

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        with world.expecting(HandlerCancelledError):
            (apology,) = await asyncio.wait_for(ann.says("boom"), 5)
        assert "something went wrong" in str(apology)
        assert await asyncio.wait_for(ann.says("still there?"), 5) == ["still there?"]


async def test_an_event_that_kills_the_process_every_time_is_set_aside(tmp_path: Path) -> None:
    bot, started = Bot("poisoned"), list[asyncio.Event]()

    @bot.message(lambda msg: msg.text == "poison")
    async def die(msg: Message) -> None:
        started[-1].set()
        await asyncio.Event().wait()

    @bot.message()
    async def echo(msg: Message) -> str:
        return msg.text

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        started.append(asyncio.Event())
        await ann.sends("poison")
        await ann.sends("behind it")
        # The first death is not counted: counting every event would cost a commit each.
        for _ in range(1 + Limits().tries):
            await asyncio.wait_for(started[-1].wait(), 5)
            started.append(asyncio.Event())
            await world.crash()
        (letter,) = await _until_dead(world.dead_letters)
        assert await ann.hears() == [
            f"Sorry, something went wrong here. Reference: {letter.reference}",
            "behind it",
        ]
        assert letter.error == "crash"


async def _until_dead(read: Callable[[], Awaitable[list[DeadLetter]]]) -> list[DeadLetter]:
    while not (letters := await read()):  # noqa: ASYNC110 - the bot tells nobody
        await asyncio.sleep(0.001)
    return letters


async def test_bots_stop_answering_each_other(tmp_path: Path) -> None:
    bot = Bot("echo")

    @bot.message()
    async def echo(msg: Message) -> str:
        return msg.text

    async with bot.testing(tmp_path) as world:
        other, ann = world.person("Echo", is_bot=True), world.person("Ann")
        answers = [await other.says("x") for _ in range(20)]
        assert answers == [["x"]] * 10 + [[]] * 10
        assert [await ann.says("x") for _ in range(20)] == [["x"]] * 20
        await world.advance(timedelta(minutes=1))
        assert await other.says("x") == ["x"]


async def test_jobs_for_another_bot_count_as_answers_too(tmp_path: Path) -> None:
    bot = Bot("echo")

    @bot.job
    async def back(ctx: Ctx, text: str) -> str:
        return f"{text} {ctx.sender.is_bot}"

    @bot.message()
    async def echo(ctx: Ctx, msg: Message) -> None:
        await ctx.later(timedelta(seconds=1), back, msg.text)

    async with bot.testing(tmp_path) as world:
        other, ann = world.person("Echo", is_bot=True), world.person("Ann")
        for _ in range(20):
            await other.sends("x")
            await ann.sends("x")
        await world.settle()
        await world.advance(timedelta(seconds=2))
        assert await other.hears() == ["x True"] * 10
        assert await ann.hears() == ["x False"] * 20


def test_a_reference_is_short_and_says_nothing() -> None:
    assert reference("e1") == reference("e1") != reference("e2")
    assert len(reference("e1")) == 9


async def test_a_failure_that_nobody_expected_fails_the_test(tmp_path: Path) -> None:
    bot, _ = shaky(1)
    with pytest.raises(HandlerError, match="ValueError"):
        async with bot.testing(tmp_path) as world:
            await world.person("Ann").says("x")


async def test_a_failure_after_one_that_was_expected_fails_the_test(tmp_path: Path) -> None:
    bot, _ = shaky(4)
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        with world.expecting(ValueError):
            await ann.says("x")
        with pytest.raises(HandlerError, match="ValueError"):
            await ann.says("y")
