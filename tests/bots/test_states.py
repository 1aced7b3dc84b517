from pathlib import Path

import msgspec

from graphchat.errors import LocalProtocolError
from graphchat_bots import Bot, Message


def shop() -> Bot:
    bot = Bot("shop")

    @bot.state
    class Basket(msgspec.Struct):
        shirts: int = 0

    @bot.command()
    async def buy(basket: Basket, n: int) -> str:
        """Buy shirts."""
        basket.shirts += n
        return f"You have {basket.shirts}."

    return bot


async def test_state_belongs_to_one_chat(tmp_path: Path) -> None:
    async with shop().testing(tmp_path) as world:
        await world.person("Ann").says("/buy 2")
        assert await world.person("Ben").says("/buy 1") == ["You have 1."]


async def test_state_that_was_not_changed_is_not_written(tmp_path: Path) -> None:
    async with shop().testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("/buy 0") == ["You have 0."]
        assert await world._store.state("chat-1", "chat-1", "Basket") is None
        await ann.says("/buy 2")
        await world.crash()
        assert await ann.says("/buy 0") == ["You have 2."]


async def test_a_state_that_cannot_be_read_again_is_not_stored(tmp_path: Path) -> None:
    bot = Bot("careless")

    @bot.state
    class Diary(msgspec.Struct):
        days: int = 0
        text: str = ""

    @bot.message()
    async def write(msg: Message, diary: Diary) -> str:
        diary.days += 1
        if msg.text == "bad":
            diary.text = 5  # type: ignore[assignment]  # that is the point
        if msg.text == "big":
            diary.text = "x" * 2**16
        return str(diary.days)

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("a") == ["1"]
        with world.expecting(TypeError):
            await ann.says("bad")
        with world.expecting(LocalProtocolError):
            await ann.says("big")
        assert [letter.error for letter in await world.dead_letters()] == [
            "TypeError",
            "LocalProtocolError",
        ]
        assert await ann.says("b") == ["2"]
