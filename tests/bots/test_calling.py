import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from graphchat_bots import Bot, Event, Message, Reply
from graphchat_bots.limits import Limits


async def test_a_generator_answers_several_times(tmp_path: Path) -> None:
    bot = Bot("counter")

    @bot.command()
    async def count() -> AsyncIterator[str | Reply | None]:
        yield "one"
        yield None
        yield Reply("two")
        yield ""

    async with bot.testing(tmp_path) as world:
        assert await world.person("Ann").says("/count") == ["one", "two"]


async def test_a_handler_may_say_nothing(tmp_path: Path) -> None:
    bot = Bot("quiet")

    @bot.message()
    async def quiet(event: Event) -> None:
        assert event.kind == "message"

    async with bot.testing(tmp_path) as world:
        assert await world.person("Ann").says("hello") == []


async def test_an_answer_that_is_none_is_an_error(tmp_path: Path) -> None:
    bot = Bot("shop")

    @bot.message()
    async def wrong(msg: Message) -> str:
        return 3  # type: ignore[return-value]  # that is the point

    async with bot.testing(tmp_path) as world:
        with world.expecting(TypeError):
            await world.person("Ann").says("x")


async def test_a_generator_is_closed_before_its_handler_has_failed(tmp_path: Path) -> None:
    bot, closed = Bot("careless", limits=Limits(tries=1)), list[str]()

    @bot.message()
    async def answer(msg: Message) -> AsyncIterator[str]:
        try:
            yield 3  # type: ignore[misc]  # that is the point
        finally:
            await asyncio.sleep(0)
            closed.append(msg.text)

    async with bot.testing(tmp_path) as world:
        with world.expecting(TypeError):
            await world.person("Ann").says("x")
        assert closed == ["x"]
