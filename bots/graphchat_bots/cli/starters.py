"""What ``graphchat bot new`` can begin with: the code of a bot, and its tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from string import Template
from types import MappingProxyType
from typing import Final


class Kind(StrEnum):
    """What the new bot does."""

    ECHO = "echo"
    FORM = "form"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Starter:
    """The files of a bot that differ from kind to kind; they take its name and its module."""

    bot: Template
    test: Template


_ECHO: Final = Template('''"""The bot $name: it says again what it is told."""

from graphchat_bots import Bot, Message

bot = Bot("$name")


@bot.message()
async def echo(msg: Message) -> str:
    return msg.text


if __name__ == "__main__":
    bot.run()
''')

_ECHO_TEST: Final = Template('''"""Tests of $name: without a network, in milliseconds."""

from pathlib import Path

from $module import bot


async def test_it_says_again_what_it_is_told(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("hello") == ["hello"]
        assert await ann.says("/help") != []
''')

_FORM: Final = Template('''"""The bot $name: it takes orders."""

from typing import Annotated, Literal

from graphchat_bots import Bot, Ctx, Form, Message, Q

bot = Bot("$name")


class Shirt(Form):
    """What is asked for, field by field."""

    size: Annotated[Literal["S", "M", "L"], Q("Which size?")]
    n: Annotated[int, Q("How many?", ge=1, le=9)]


async def place(size: str, n: int) -> str:
    """Place an order, and return its number: here is where you ask your shop."""
    return f"{size}{n}-001"


@bot.command()
async def order(ctx: Ctx) -> str:
    """Order a shirt."""
    shirt = await ctx.fill(Shirt)
    if not await ctx.confirm(f"{shirt.n} x {shirt.size}, right?"):
        return "As you like."
    # A step is done once, also if the bot is restarted behind it.
    number = await ctx.step(place, shirt.size, shirt.n)
    return f"Order {number} is placed."


@bot.message()
async def other(msg: Message) -> str:
    return "I sell shirts: /order"


if __name__ == "__main__":
    bot.run()
''')

_FORM_TEST: Final = Template('''"""Tests of $name: without a network, in milliseconds."""

from pathlib import Path

from $module import bot


async def test_an_order_survives_a_crash(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("/order") == ["Which size? 1) S 2) M 3) L"]
        await world.crash()
        assert await ann.says("2") == ["How many?"]
        assert await ann.says("12") == ["I need a whole number from 1 to 9. How many?"]
        assert await ann.says("3") == ["3 x M, right? (yes/no)"]
        assert await ann.says("yes") == ["Order M3-001 is placed."]


async def test_an_order_can_be_given_up(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("hello") == ["I sell shirts: /order"]
        await ann.says("/order")
        assert await ann.says("/cancel") == ["Cancelled."]
''')

_GROUP: Final = Template('''"""The bot $name: it keeps links out of groups that it moderates."""

from datetime import timedelta

import msgspec
from graphchat_bots import Bot, Event, Message, Role, Router

bot = Bot("$name")
groups = Router(lambda m: m.group is not None)


@bot.state
class Strikes(msgspec.Struct):
    """How often a member of a group has sent a link."""

    n: int = 0


@groups.message(lambda m: "http" in m.text and m.sender.role < Role.MODERATOR)
async def no_links(msg: Message, strikes: Strikes) -> str:
    strikes.n += 1
    await msg.delete(reason="link")
    if strikes.n >= 3:
        await msg.sender.mute(timedelta(days=1))
    return f"{msg.sender.name}: no links please ({strikes.n}/3)."


@bot.member()
async def greet(event: Event) -> str | None:
    return f"Welcome, {event.sender.name}." if event.kind == "joined" else None


bot.include(groups)

if __name__ == "__main__":
    bot.run()
''')

_GROUP_TEST: Final = Template('''"""Tests of $name: without a network, in milliseconds."""

from pathlib import Path

from $module import bot


async def test_links_are_deleted_and_the_third_mutes(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        room = await world.group("Hikers", ann, ben, role="moderator")
        for n in (1, 2, 3):
            said = await ben.says("see http://x.example", to=room)
            assert said == [f"Ben: no links please ({n}/3)."]
        assert [each.name for each in await room.members() if each.muted] == ["Ben"]
        assert all(name != "Ben" for name, _ in await room.posts())


async def test_moderators_may_send_links(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        room = await world.group("Hikers", ann, role="moderator")
        assert await ann.says("see http://x.example", to=room) == []


async def test_newcomers_are_welcome(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        room = await world.group("Hikers", world.person("Ann"), role="moderator")
        assert await room.joins(world.person("Eve")) == ["Welcome, Eve."]
''')

STARTERS: Final[Mapping[Kind, Starter]] = MappingProxyType(
    {
        Kind.ECHO: Starter(_ECHO, _ECHO_TEST),
        Kind.FORM: Starter(_FORM, _FORM_TEST),
        Kind.GROUP: Starter(_GROUP, _GROUP_TEST),
    }
)
