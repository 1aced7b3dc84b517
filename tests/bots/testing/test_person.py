from pathlib import Path

import pytest

from graphchat.content import Text
from graphchat_bots import Bot, Message, Reaction
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


async def test_people_react_to_messages_and_edit_their_own(
    tmp_path: Path, bot_level: Level
) -> None:
    bot = echo()

    @bot.reaction()
    async def thank(reaction: Reaction) -> str:
        return f"{reaction.sender.name} put {reaction.emoji or 'nothing'}"

    @bot.edited(lambda message: message.text != "hidden")
    async def look(msg: Message) -> str:
        return f"{msg.text} now"

    async with bot.testing(tmp_path, bot_level) as world:
        ann = world.person("Ann")
        assert await ann.says("a") == ["a"]
        assert await ann.reacts("a", "👍") == ["Ann put 👍"]
        assert await ann.repeats() == []
        await world.crash()
        assert await ann.reacts("a", "") == ["Ann put nothing"]
        assert await ann.reacts("a", "👍") == ["Ann put 👍"]
        assert await ann.edits("a", "b") == ["b now"]
        assert await ann.edits("b", "hidden") == []
        assert await ann.edits("hidden", "c") == ["c now"]
        with pytest.raises(AssertionError, match="Ann has said nothing that is 'a'"):
            await ann.edits("a", "x")
        with pytest.raises(AssertionError, match="the bot has said nothing that is 'z'"):
            await ann.reacts("z", "👍")
