from datetime import timedelta
from pathlib import Path

import msgspec

from graphchat_bots import Bot, Ctx, Message, Rest
from graphchat_bots.testing.world import Level


class Count(msgspec.Struct):
    n: int = 0


class Log(msgspec.Struct):
    names: list[str] = []


def counter() -> Bot:
    bot = Bot("counter")
    bot.state(Count)

    @bot.message()
    async def count(msg: Message, count: Count) -> str:
        count.n += 1
        return f"{msg.text} is number {count.n}"

    @bot.command()
    async def remind(ctx: Ctx, when: timedelta, text: Rest) -> str:
        await ctx.later(when, ring, text)
        return "OK."

    @bot.job
    async def ring(ctx: Ctx, text: str) -> str:
        return f"Reminder: {text}"

    return bot


async def test_what_arrives_twice_is_handled_once(tmp_path: Path, bot_level: Level) -> None:
    async with counter().testing(tmp_path, bot_level) as world:
        world.duplicate()
        ann = world.person("Ann")
        assert await ann.says("a") == ["a is number 1"]
        await ann.sends("b")
        await world.crash()
        assert await ann.says("c") == ["b is number 2", "c is number 3"]


async def test_chats_may_come_in_any_order_but_a_chat_is_in_order(tmp_path: Path) -> None:
    bot = Bot("secretary")
    bot.state(scope="bot")(Log)

    @bot.message()
    async def write(msg: Message, log: Log) -> str:
        log.names = [*log.names, f"{msg.sender.name} {msg.text}"]
        return str(len(log.names))

    @bot.command()
    async def read(log: Log) -> str:
        return ", ".join(log.names)

    async with bot.testing(tmp_path) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        await ann.joins()
        await ben.joins()
        world.reorder()
        for said in ("1", "2"):
            await ann.sends(said)
            await ben.sends(said)
        await world.settle()
        (order,) = (await ben.says("/read"))[-1:]
        found = str(order).split(", ")
        assert found.index("Ben 1") < found.index("Ann 1")
        assert found.index("Ann 1") < found.index("Ann 2")
        assert found.index("Ben 1") < found.index("Ben 2")


async def test_who_is_cut_off_gets_everything_later(tmp_path: Path, bot_level: Level) -> None:
    async with counter().testing(tmp_path, bot_level) as world:
        ann = world.person("Ann")
        assert await ann.says("/remind 1m tea") == ["OK."]
        world.partition()
        assert await ann.says("a") == []
        await world.advance(timedelta(minutes=2))
        assert await ann.hears() == []
        await world.heal()
        assert await ann.hears() == ["Reminder: tea", "a is number 1"]


async def test_a_crash_while_cut_off_loses_nothing(tmp_path: Path, bot_level: Level) -> None:
    async with counter().testing(tmp_path, bot_level) as world:
        ann = world.person("Ann")
        await ann.joins()
        await ann.sends("/remind 1m tea")
        await world.settle()
        world.partition()
        await ann.sends("a")
        await world.advance(timedelta(minutes=2))
        await world.crash()
        await ann.sends("b")
        await world.heal()
        assert await ann.hears() == ["OK.", "Reminder: tea", "a is number 1", "b is number 2"]
