"""The contract of a test network, over both levels."""

from pathlib import Path

from graphchat_bots import Bot, Message
from graphchat_bots.testing.world import Level


def bot() -> Bot:
    made = Bot("echo")

    @made.message()
    async def echo(msg: Message) -> str:
        return f"{msg.sender.name}: {msg.text}"

    return made


async def test_people_are_kept_apart(tmp_path: Path, bot_level: Level) -> None:
    async with bot().testing(tmp_path, bot_level) as world:
        people = [world.person(name) for name in ("Ann", "Ben", "Ann")]
        for person in people:
            await person.sends("hi")
        assert [await person.hears() for person in people] == [
            ["Ann: hi"], ["Ben: hi"], ["Ann: hi"]
        ]  # fmt: skip


async def test_what_the_bot_has_acknowledged_or_sent_survives_it(
    tmp_path: Path, bot_level: Level
) -> None:
    async with bot().testing(tmp_path, bot_level) as world:
        ann = world.person("Ann")
        await ann.says("1")
        await ann.sends("2")
        await world.crash()
        await ann.sends("3")
        await world.crash()
        assert await ann.hears() == ["Ann: 2", "Ann: 3"]
        assert await ann.repeats() == []


async def test_the_bot_sees_whether_it_talks_with_a_bot(tmp_path: Path, bot_level: Level) -> None:
    made = Bot("which")

    @made.message()
    async def which(msg: Message) -> str:
        return str(msg.sender.is_bot)

    async with made.testing(tmp_path, bot_level) as world:
        assert await world.person("Ann").says("?") == ["False"]
        assert await world.person("Robot", is_bot=True).says("?") == ["True"]
