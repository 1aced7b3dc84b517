"""Crons as people see them: at which times something is heard."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs
from tests.bots.fuse import Fuse

from graphchat_bots import Bot, Ctx, Event
from graphchat_bots.cron import CronEntry, Missed
from graphchat_bots.store.letters import letters, retry
from graphchat_bots.testing.world import Level, World

HOUR = timedelta(hours=1)


def feed(expression: str = "0 * * * *", tz: str = "UTC", missed: Missed = "once") -> Bot:
    """Return a bot that posts to all subscribers when its time has come."""
    bot = Bot("feed")

    @bot.state(scope="bot")
    class Subscribers(msgspec.Struct):
        chats: list[str] = msgspec.field(default_factory=list)
        n: int = 0

    @bot.command()
    async def subscribe(ctx: Ctx, subscribers: Subscribers) -> str:
        subscribers.chats.append(ctx.chat)
        return "OK."

    @bot.cron(expression, tz=tz, missed=missed)
    async def post(ctx: Ctx, event: Event, subscribers: Subscribers) -> None:
        assert event.due is not None
        subscribers.n += 1
        for chat in subscribers.chats:
            await ctx.send(f"{subscribers.n}: {event.due:%d. %H:%M}", to=chat)

    return bot


async def to(world: World, when: datetime) -> None:
    """Let the time pass until ``when``."""
    await world.advance(when - datetime.fromtimestamp(world.clock.now(), UTC))


def at(day: int, hour: int = 0, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2030, month, day, hour, minute, tzinfo=UTC)


async def test_a_cron_posts_to_all_who_have_subscribed(tmp_path: Path, bot_level: Level) -> None:
    async with feed().testing(tmp_path, bot_level) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        await to(world, at(18, 0, 30))
        assert await ann.says("/subscribe") == ["OK."]
        assert await ben.says("/subscribe") == ["OK."]
        first = 1 + int((at(18) - at(17, 17, 46)) / HOUR)
        await world.advance(timedelta(hours=2))
        wanted = [f"{first + 1}: 18. 01:00", f"{first + 2}: 18. 02:00"]
        assert await ann.hears() == wanted
        assert await ben.hears() == wanted


@pytest.mark.parametrize(
    ("missed", "heard"),
    [
        ("once", ["18. 01:00", "18. 02:00", "18. 05:00"]),
        ("all", ["18. 01:00", "18. 02:00", "18. 03:00", "18. 04:00", "18. 05:00"]),
        ("skip", ["18. 01:00", "18. 05:00"]),
    ],
)
async def test_runs_that_were_due_while_the_bot_was_away(
    tmp_path: Path, missed: Missed, heard: list[str]
) -> None:
    async with feed(missed=missed).testing(tmp_path) as world:
        ann = world.person("Ann")
        await to(world, at(18, 0, 30))
        await ann.says("/subscribe")
        await world.advance(HOUR)
        await world.away(timedelta(hours=3))
        await world.advance(HOUR)
        assert [str(said).split(": ", 1)[1] for said in await ann.hears()] == heard


async def test_of_very_many_missed_runs_the_last_hundred_are_made_up_for(tmp_path: Path) -> None:
    async with feed("* * * * *", missed="all").testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/subscribe")
        with capture_logs() as logs:
            await world.away(timedelta(days=3))
            await world.settle()
            heard = await ann.hears()
        assert len(heard) == 100
        assert [log["runs"] for log in logs if "runs" in log] == [100]


async def test_a_crash_anywhere_neither_loses_nor_doubles_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fuse = Fuse()
    fuse.install(monkeypatch)
    point, died = 0, True
    while died:
        point += 1
        folder = tmp_path / str(point)
        folder.mkdir()
        async with feed("0 0 * * *", missed="skip").testing(folder) as world:
            ann = world.person("Ann")
            await ann.says("/subscribe")
            fuse.arm(point)
            burnt = asyncio.create_task(fuse.burnt.wait())
            told = asyncio.create_task(world.advance(timedelta(days=2)))
            await asyncio.wait([burnt, told], return_when=asyncio.FIRST_COMPLETED)
            fuse.disarm()
            if died := not told.done():
                told.cancel()
                await world.crash()
            burnt.cancel()
            await to(world, at(19, 12))
            assert await ann.hears() == ["1: 18. 00:00", "2: 19. 00:00"], f"point {point}"
    assert point > 5


@pytest.mark.parametrize(
    ("expression", "heard"),
    [
        # On 31 March 2030 the clocks of Berlin go from 02:00 to 03:00, on 27 October back.
        ("30 2 * * *", ["30. 01:30", "31. 01:00", "01. 00:30", "26. 00:30", "27. 00:30"]),
        ("30 */12 * * *", ["29. 23:30", "30. 11:30", "30. 23:30", "31. 10:30", "31. 22:30"]),
    ],
)
async def test_a_change_of_the_clocks_neither_loses_nor_doubles_a_run(
    tmp_path: Path, expression: str, heard: list[str]
) -> None:
    bot = feed(expression, "Europe/Berlin", "skip")
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await to(world, at(29, 23))
        await ann.says("/subscribe")
        await to(world, at(1, 1, month=4))
        spring = [str(said).split(": ", 1)[1] for said in await ann.hears()]
        await world.away(at(25, 23, month=10) - at(1, 1, month=4))
        await to(world, at(27, 12, month=10))
        autumn = [str(said).split(": ", 1)[1] for said in await ann.hears()]
        assert [*spring, *autumn][: len(heard)] == heard
        assert len(set(autumn)) == len(autumn)


async def test_a_late_end_in_the_doubled_hour_does_not_run_it_again() -> None:
    entry = CronEntry(post_nothing, "30 2 * * *", "Europe/Berlin", "once")
    assert entry.faults() == []
    bot = Bot("feed")
    bot.cron("30 2 * * *", tz="Europe/Berlin")(post_nothing)
    (cron,) = bot.plan().crons.values()
    # It was due at 00:30 UTC and ends at 01:10 UTC, when the clock shows 02:10 once more.
    job = cron.job(at(27, 0, 30, month=10).timestamp())
    ended = at(27, 1, 10, month=10).timestamp()
    assert cron.following(job, ended).due == at(28, 1, 30, month=10).timestamp()


async def post_nothing() -> None:
    pass


async def test_a_run_that_fails_is_tried_again_and_the_next_comes_all_the_same(
    tmp_path: Path,
) -> None:
    bot, runs = Bot("feed"), list[datetime | None]()

    @bot.cron("0 0 * * *")
    async def post(event: Event) -> None:
        runs.append(event.due)
        if event.due == at(18):
            raise ValueError("no network")

    async with bot.testing(tmp_path) as world:
        with world.expecting(ValueError):
            await world.advance(timedelta(days=2))
        assert runs == [at(18)] * 3 + [at(19)]
        assert [letter.kind for letter in await world.dead_letters()] == ["cron"]
        # Put back, it runs alone, and the calendar goes on as it did.
        await world._store.commits.commit(lambda cursor: retry(cursor, letters(cursor), 0.0))
        await world.crash()
        with world.expecting(ValueError):
            await world.advance(timedelta(days=1))
        assert runs[4:] == [at(18)] * 3 + [at(20)]


async def test_a_cron_that_answers_is_told_to_say_where(tmp_path: Path) -> None:
    bot = Bot("feed")

    @bot.cron("0 0 * * *")
    async def post() -> str:
        return "to whom?"

    async with bot.testing(tmp_path) as world:
        with world.expecting(TypeError):
            await world.advance(timedelta(days=1))


def test_all_that_is_wrong_with_crons_is_said_before_the_start() -> None:
    bot = Bot("feed")

    @bot.state
    class Mine(msgspec.Struct):
        n: int = 0

    @bot.state(scope="town")  # type: ignore[call-overload,untyped-decorator,unused-ignore]
    class Ours(msgspec.Struct):
        n: int = 0

    @bot.cron("61 * * * *")
    async def bad_minute() -> None: ...

    @bot.cron("0 0 30 2 *")
    async def never() -> None: ...

    @bot.cron("0 0 * * *", tz="Europe/Nowhere")
    async def nowhere() -> None: ...

    @bot.cron("0 0 * * *", missed="maybe")  # type: ignore[arg-type]
    async def maybe() -> None: ...

    @bot.cron("0 0 * * *")
    async def chatless(mine: Mine) -> None: ...

    for _ in range(2):
        bot.cron("0 0 * * *")(post_nothing)
    bot.job(post_nothing)

    faults = "\n".join(bot.check())
    assert "cron bad_minute: '61 * * * *': Bad minute. Write minute, hour, day" in faults
    assert "cron never: '0 0 30 2 *'" in faults
    assert "cron nowhere: there is no time zone 'Europe/Nowhere'" in faults
    assert "cron maybe: missed is once, all or skip" in faults
    assert "cron chatless: parameter 'mine': nothing provides Mine" in faults
    assert "cron post_nothing: a job has this name, too" in faults
    assert "cron post_nothing: there are two with this name" in faults
    assert "state Ours: scope is sender, chat or bot" in faults
