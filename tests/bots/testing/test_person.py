from pathlib import Path

import pytest

from graphchat.content import Text
from graphchat_bots import Bot, Message
from graphchat_bots.testing.world import Level


def echo() -> Bot:
    bot = Bot("echo")

    @bot.contact()
    async def greet() -> str:
        return "hello"

    @bot.message()
    async def again(msg: Message) -> str:
        return msg.text

    return bot


async def test_a_person_says_something_and_hears_the_answers(
    tmp_path: Path, bot_level: Level
) -> None:
    async with echo().testing(tmp_path, bot_level) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        assert await ann.joins() == ["hello"]
        assert await ann.joins() == []
        assert await ann.says("a") == ["a"]
        assert await ben.says(Text("b")) == ["b"]
        assert await ann.hears() == []


async def test_what_a_person_only_sends_is_answered_later(
    tmp_path: Path, bot_level: Level
) -> None:
    async with echo().testing(tmp_path, bot_level) as world:
        ann = world.person("Ann")
        await ann.sends("a")
        await ann.sends("b")
        assert await ann.hears() == ["hello", "a", "b"]


async def test_ids_of_two_people_do_not_clash(tmp_path: Path, bot_level: Level) -> None:
    async with echo().testing(tmp_path, bot_level) as world:
        assert await world.person("Ann").says("a", id="m1") == ["a"]
        assert await world.person("Ben").says("b", id="m1") == ["b"]


async def test_nobody_can_repeat_nothing(tmp_path: Path, bot_level: Level) -> None:
    async with echo().testing(tmp_path, bot_level) as world:
        with pytest.raises(AssertionError, match="has said nothing"):
            await world.person("Ann").repeats()
