import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from graphchat_bots import Bot, Ctx, Message, Rest
from graphchat_bots.context import MAX_JOBS

ROOT = Path(__file__).parents[2]
MISTAKES = ROOT / "tests" / "bots" / "typing" / "mistakes.py"


def reminder() -> Bot:
    bot = Bot("reminder")

    @bot.command()
    async def remind(ctx: Ctx, when: timedelta, text: Rest) -> str:
        await ctx.later(when, ring, text)
        return "OK."

    @bot.command()
    async def often(ctx: Ctx, times: int) -> str:
        for _ in range(times):
            await ctx.later(timedelta(hours=1), ring, "often")
        return "OK."

    @bot.command()
    async def who(ctx: Ctx) -> str:
        assert ctx.message is not None
        await ctx.send(f"{ctx.sender.name} in {ctx.chat}: {ctx.message.text}")
        await ctx.send(None)
        return f"{ctx.now():%H:%M}"

    @bot.command()
    async def wrong(ctx: Ctx) -> None:
        await ctx.later(timedelta(), ring, 3)  # type: ignore[arg-type]  # that is the point

    @bot.job
    async def ring(ctx: Ctx, text: str) -> str:
        assert ctx.message is None
        return f"{ctx.sender.name}: {text}"

    return bot


async def test_a_job_runs_when_its_time_has_come(tmp_path: Path) -> None:
    async with reminder().testing(tmp_path) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        assert await ann.says("/remind 1h later") == ["OK."]
        assert await ann.says("/remind 5m soon") == ["OK."]
        assert await ben.says("/remind 5m mine") == ["OK."]
        await world.advance(timedelta(minutes=4, seconds=59))
        assert await ann.hears() == []
        await world.advance(timedelta(seconds=1))
        assert await ann.hears() == ["Ann: soon"]
        assert await ben.hears() == ["Ben: mine"]
        await world.advance(timedelta(days=1))
        assert await ann.hears() == ["Ann: later"]


async def test_a_job_survives_a_restart_and_a_crash(tmp_path: Path) -> None:
    async with reminder().testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/remind 5m tea")
        await world.restart()
        await world.crash()
        await world.advance(timedelta(minutes=5))
        assert await ann.hears() == ["Ann: tea"]


async def test_a_job_runs_late_if_the_bot_did_not_run(tmp_path: Path) -> None:
    async with reminder().testing(tmp_path) as world:
        await world.person("Ann").says("/remind 5m tea")
    async with reminder().testing(tmp_path) as world:
        world.clock.turn_to(world.clock.now() + 3600)
        ann = world.person("Ann")
        assert await ann.joins() == ["Ann: tea"]


async def test_a_job_in_no_time_runs_at_once(tmp_path: Path) -> None:
    async with reminder().testing(tmp_path) as world:
        assert await world.person("Ann").says("/remind 0s now") == ["OK.", "Ann: now"]


async def test_a_job_too_far_away_is_refused_in_words(tmp_path: Path) -> None:
    async with reminder().testing(tmp_path) as world:
        (answer,) = await world.person("Ann").says("/remind 4000d tea")
        assert isinstance(answer, str)
        assert "does not fit" in answer


async def test_a_chat_cannot_fill_the_store_with_jobs(tmp_path: Path) -> None:
    async with reminder().testing(tmp_path) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        for _ in range(MAX_JOBS // 100):
            assert await ann.says("/often 100") == ["OK."]
        assert await ann.says("/often 1") == ["There is too much on my list already."]
        assert await ben.says("/often 1") == ["OK."]


async def test_a_handler_sees_sender_chat_message_and_time(tmp_path: Path) -> None:
    async with reminder().testing(tmp_path) as world:
        world.clock.turn_to(datetime(2040, 1, 1, 12, 34, tzinfo=UTC).timestamp())
        ann = world.person("Ann")
        assert await ann.says("/who") == ["Ann in chat-1: /who", "12:34"]


async def test_arguments_that_do_not_fit_the_job_fail_at_once(tmp_path: Path) -> None:
    async with reminder().testing(tmp_path) as world:
        with world.expecting(TypeError):
            (apology,) = await world.person("Ann").says("/wrong")
        assert isinstance(apology, str)
        assert apology.startswith("Sorry")


async def test_a_span_that_only_code_can_ask_for_is_refused_too(tmp_path: Path) -> None:
    bot = Bot("shop")

    @bot.job
    async def ring(ctx: Ctx) -> None:
        pass

    @bot.message()
    async def far(ctx: Ctx, msg: Message) -> None:
        await ctx.later(timedelta.max, ring)

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("x") == ["That is too far in the future."]


@pytest.mark.parametrize("delay", [timedelta(seconds=-5), timedelta.min])
async def test_a_time_that_has_passed_is_now(tmp_path: Path, delay: timedelta) -> None:
    bot = Bot("shop")

    @bot.job
    async def ring() -> str:
        return "ring"

    @bot.message()
    async def past(ctx: Ctx, msg: Message) -> None:
        # Without a Ctx it runs all the same; only mypy wants one.
        await ctx.later(delay, ring)  # type: ignore[arg-type]

    async with bot.testing(tmp_path) as world:
        assert await world.person("Ann").says("x") == ["ring"]


async def test_arguments_that_are_too_large_are_refused(tmp_path: Path) -> None:
    bot = Bot("shop")

    @bot.job
    async def ring(ctx: Ctx, text: str) -> str:
        return text[:4]

    @bot.message()
    async def keep(ctx: Ctx, msg: Message) -> None:
        await ctx.later(timedelta(), ring, "long" * int(msg.text))

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("16000") == ["long"]
        assert await ann.says("16384") == ["That is too long to be kept."]


async def test_arguments_of_a_job_may_be_named(tmp_path: Path) -> None:
    bot = Bot("shop")

    @bot.job
    async def ring(ctx: Ctx, text: str, times: int = 1, *, loud: bool = False) -> str:
        return text * times + "!" * loud

    @bot.message()
    async def plan(ctx: Ctx, msg: Message) -> None:
        await ctx.later(timedelta(), ring, msg.text, loud=True)
        await ctx.later(timedelta(), ring, times=2, text=msg.text)

    async with bot.testing(tmp_path) as world:
        assert await world.person("Ann").says("x") == ["x!", "xx"]


@pytest.mark.parametrize("named", [{"text": "again"}, {"wrong": 1}, {"loud": True}])
def test_names_that_do_not_fit_a_job_are_refused_at_once(named: dict[str, object]) -> None:
    bot = Bot("shop")

    @bot.job
    async def ring(ctx: Ctx, text: str, *, loud: bool = False) -> str:
        return text

    args = [] if "loud" in named else ["tea"]
    with pytest.raises(TypeError, match="job ring"):
        bot.plan().pack(ring, args, named)


@pytest.mark.timeout(300)  # mypy reads every library first, if it has not yet
def test_mypy_finds_mistakes_before_anything_runs() -> None:
    # Elsewhere a wrong argument of a job is found when it is due, days later.
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", str(MISTAKES)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    found = {int(line) for line in re.findall(r"mistakes\.py:(\d+): error", done.stdout)}
    marked = {
        number
        for number, line in enumerate(MISTAKES.read_text().splitlines(), 1)
        if line.endswith("# error")
    }
    assert found == marked, done.stdout + done.stderr
