from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from graphchat.content import Edit, Message as Said, Text
from graphchat_bots import Bot, Ctx, Part
from graphchat_bots.limits import Limits
from graphchat_bots.testing.memory_port import MemoryPort
from graphchat_bots.testing.world import Level, World

WORDS = ("one ", "two ", "three")


def patient() -> Bot:
    """Return a bot that writes a word at a time; its clock stands still meanwhile."""
    return Bot("writer", limits=Limits(stream_every=Limits().stream_every * 0))


def spy(monkeypatch: pytest.MonkeyPatch) -> list[Said]:
    """Return all that will have been handed to the network, in its order."""
    handed, send = list[Said](), MemoryPort.send

    async def note(self: MemoryPort, chat: str, message: Said, message_id: bytes) -> None:
        handed.append(message)
        await send(self, chat, message, message_id)

    monkeypatch.setattr(MemoryPort, "send", note)
    return handed


def texts(handed: list[Said]) -> list[str]:
    return [message.text for message in handed if isinstance(message, Text | Edit)]


async def test_a_stream_is_one_message_that_grows(tmp_path: Path, bot_level: Level) -> None:
    bot = patient()

    @bot.message()
    async def write(ctx: Ctx) -> str:
        async with ctx.stream() as out:
            for word in WORDS:
                await out.write(word)
        return "that was it"

    async with bot.testing(tmp_path, bot_level) as world:
        ann = world.person("Ann")
        for _ in range(2):
            assert await ann.says("go") == ["one two three", "that was it"]


async def test_parts_that_are_yielded_are_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot, handed = patient(), spy(monkeypatch)

    @bot.message()
    async def write() -> AsyncIterator[Part | str]:
        for word in WORDS:
            yield Part(word)
        yield "between"
        yield Part("an")
        yield Part("other")

    async with bot.testing(tmp_path) as world:
        assert await world.person("Ann").says("go") == ["one two three", "between", "another"]
    early = ["one ", "one two ", "one two ", "one two three", "one two three"]
    assert texts(handed) == [*early, *["one two three"] * 2, "between", "another"]


async def test_people_see_more_once_a_second_and_all_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot, handed = Bot("writer"), spy(monkeypatch)
    world: World

    @bot.message()
    async def write(ctx: Ctx) -> None:
        out = ctx.stream()
        for number in range(25):
            await out.write(f"{number} ")
            world.clock.turn_to(world.clock.now() + 0.25)

    async with bot.testing(tmp_path) as world:
        [heard] = await world.person("Ann").says("go")
        assert str(heard).split() == [str(number) for number in range(25)]
    shown = list(dict.fromkeys(len(text.split()) for text in texts(handed)))
    assert shown == [1, 5, 9, 13, 17, 21, 25]


async def test_what_is_said_before_is_not_overtaken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot, handed = patient(), spy(monkeypatch)

    @bot.message()
    async def write(ctx: Ctx) -> None:
        await ctx.send("let me think")
        out = ctx.stream()
        for word in WORDS:
            await out.write(word)
        ctx.stream()  # in which nothing is written

    async with bot.testing(tmp_path) as world:
        assert await world.person("Ann").says("go") == ["let me think", "one two three"]
    assert texts(handed) == ["let me think", "one two three"]


async def test_a_message_that_is_too_long_fails(tmp_path: Path) -> None:
    bot, failed = patient(), list[str]()

    @bot.message()
    async def write(ctx: Ctx) -> str:
        out = ctx.stream()
        await out.write("x" * 100_000)
        try:
            await out.write("y")
        except Exception as error:  # noqa: BLE001 - compared below
            failed.append(str(error))
        return "well"

    async with bot.testing(tmp_path) as world:
        assert await world.person("Ann").says("go") == ["x" * 100_000, "well"]
    assert failed == ["A message has at most 100,000 characters. Begin another."]
