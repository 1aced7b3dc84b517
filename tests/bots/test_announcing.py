from pathlib import Path

from graphchat_bots import Bot, Message, Rest, Role, Router
from graphchat_bots.announcing import commands_of
from graphchat_bots.testing.world import Level


def bot(*more: str) -> Bot:
    made = Bot("shop")

    @made.command(aliases=["b"])
    async def buy(n: int, what: Rest) -> str:
        """Buy something.

        Nothing of this is announced.
        """
        return f"{n} x {what}"

    @made.command(role=Role.ADMIN)
    async def close() -> None:
        """Close the shop."""

    for name in more:

        @made.command(name=name)
        async def other() -> None:
            pass

    @made.message()
    async def echo(msg: Message) -> str:
        return msg.text

    return made


BUY = "N WHAT: Buy something."
HELP = "Say what there is."


async def test_a_contact_is_told_once_what_everybody_may_call(
    tmp_path: Path, bot_level: Level
) -> None:
    async with bot().testing(tmp_path, bot_level) as world:
        ann = world.person("Ann")
        assert await ann.joins() == []
        told = ann.commands()
        assert told == {"buy": BUY, "help": HELP}
        assert await ann.says("hi") == ["hi"]
        await world.crash()
        assert await ann.says("hi again") == ["hi again"]
        assert ann.commands() is told


async def test_a_changed_list_is_told_with_the_next_message(
    tmp_path: Path, bot_level: Level
) -> None:
    async with bot().testing(tmp_path, bot_level) as world:
        ann = world.person("Ann")
        await ann.joins()
        world._plan = bot("sell").plan()
        await world.crash()
        assert list(ann.commands()) == ["buy", "help"]
        assert await ann.says("hi") == ["hi"]
        assert list(ann.commands()) == ["buy", "sell", "help"]


async def test_a_list_is_taken_back(tmp_path: Path) -> None:
    async with bot().testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.joins()
        world._plan = Bot("shop").plan()
        await world.crash()
        assert ann.commands()
        await ann.says("hi")
        assert not ann.commands()


async def test_bots_are_told_nothing(tmp_path: Path) -> None:
    async with bot().testing(tmp_path) as world:
        other = world.person("Other", is_bot=True)
        await other.joins()
        assert not other.commands()


async def test_a_failed_handler_announces_nothing_twice(tmp_path: Path) -> None:
    made = bot()

    @made.contact()
    async def welcome() -> None:
        raise RuntimeError

    async with made.testing(tmp_path) as world:
        ann = world.person("Ann")
        with world.expecting(RuntimeError):
            await ann.joins()
        assert not ann.commands()
        assert await ann.says("hi") == ["hi"]
        assert list(ann.commands()) == ["buy", "help"]


def test_what_is_not_for_everybody_is_not_told() -> None:
    made = Bot("shop")
    some = Router(lambda msg: msg.group is not None)

    @some.command()
    async def kick() -> None:
        """Only in groups."""

    made.include(some)
    assert commands_of(made.plan()) == ()


def test_a_long_or_strange_help_is_made_to_fit() -> None:
    made = Bot("shop")

    async def strange() -> None:
        pass

    strange.__doc__ = "\u202e" + "x" * 1_000
    made.command()(strange)
    first, _ = commands_of(made.plan())
    assert first.help == "x" * 300
