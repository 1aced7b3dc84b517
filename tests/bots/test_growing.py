import asyncio
from pathlib import Path

import pytest
from tests.bots.fuse import Fuse

from graphchat.content import Delete, Edit
from graphchat_bots import Bot, Ctx, Message, Part, Reply, UserError
from graphchat_bots.limits import Limits
from graphchat_bots.testing.world import Level

WORDS = ("one ", "two ", "three")


def patient() -> Bot:
    """Return a bot that writes a word at a time; its clock stands still meanwhile."""
    return Bot("writer", limits=Limits(stream_every=Limits().stream_every * 0))


async def test_a_handler_that_fails_ends_what_it_has_begun(
    tmp_path: Path, bot_level: Level
) -> None:
    bot = patient()

    @bot.message()
    async def write(ctx: Ctx, msg: Message) -> None:
        for word in WORDS:
            await ctx.send(Part(word))
        await ctx.stream().write("and more")
        raise UserError("No.") if msg.text == "no" else ValueError

    async with bot.testing(tmp_path, bot_level) as world:
        ann = world.person("Ann")
        assert await ann.says("no") == ["No."]
        with world.expecting(ValueError):
            [heard] = await ann.says("go")
        assert str(heard).startswith("Sorry, something went wrong here.")


async def test_a_stream_that_becomes_something_else_is_replaced(tmp_path: Path) -> None:
    bot, tries = patient(), list[int]()

    @bot.message()
    async def write(ctx: Ctx) -> Reply | None:
        tries.append(1)
        if len(tries) > 1:
            return Reply("really", choices=["yes"])
        await ctx.stream().write("well")
        raise ValueError

    async with bot.testing(tmp_path) as world:
        with world.expecting(ValueError):
            assert await world.person("Ann").says("go") == ["really 1) yes"]


async def test_a_job_that_is_tried_again_goes_on_with_its_message(
    tmp_path: Path, bot_level: Level
) -> None:
    bot, tries = patient(), list[int]()

    @bot.job
    async def report(ctx: Ctx) -> None:
        tries.append(1)
        for word in WORDS:
            await ctx.send(Part(word))
        if len(tries) == 1:
            raise ValueError

    @bot.message()
    async def begin(ctx: Ctx) -> None:
        await ctx.later(Limits().stream_every, report)

    async with bot.testing(tmp_path, bot_level) as world:
        ann = world.person("Ann")
        assert await ann.says("go") == []
        with world.expecting(ValueError):
            await world.advance(Limits().patience)
        assert await ann.hears() == ["one two three"]


@pytest.mark.slow
async def test_a_crash_at_any_point_leaves_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot, fuse = patient(), Fuse()

    @bot.message()
    async def write(ctx: Ctx, msg: Message) -> str:
        for word in WORDS:
            await ctx.send(Part(f"{msg.text} {word}"))
        return "that was it"

    fuse.install(monkeypatch)
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.joins()
        at = 1
        while True:
            fuse.arm(at)
            await ann.sends(str(at))
            dead = asyncio.create_task(fuse.burnt.wait())
            quiet = asyncio.create_task(world.settle())
            await asyncio.wait([dead, quiet], return_when=asyncio.FIRST_COMPLETED)
            burnt = fuse.burnt.is_set()
            fuse.disarm()
            quiet.cancel()
            dead.cancel()
            if burnt:
                await world.crash()
            heard = await ann.hears()
            said = "".join(f"{at} {word}" for word in WORDS)
            assert [each for each in heard if not isinstance(each, Edit | Delete)] == [
                said, "that was it"
            ], f"point {at}"  # fmt: skip
            if not burnt:
                break
            at += 1
        assert at > 20
        assert await world.dead_letters() == []
