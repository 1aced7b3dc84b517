"""A bot that does all it can do dies at every wait: its chats read as if nothing had happened."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
import pytest
from tests.bots.fuse import Fuse

from graphchat.content import File
from graphchat_bots import Bot, Ctx, Form, Message, Part, Q, Reply
from graphchat_bots.reply import Said
from graphchat_bots.testing.world import World


class Shirt(Form):
    size: Annotated[Literal["S", "M", "L"], Q("Which size?")]
    n: Annotated[int, Q("How many?", ge=1, le=9)]


class Basket(msgspec.Struct):
    """Of a sender."""

    orders: int = 0


class Ledger(msgspec.Struct):
    """Of the whole bot: two chats change it at the same time."""

    shirts: int = 0
    chats: list[str] = msgspec.field(default_factory=list[str])


def shop(placed: list[str]) -> Bot:
    """Return a bot that uses everything; ``placed`` stands for something outside of it."""
    bot = Bot("shop")
    bot.state(Basket)
    bot.state(scope="bot")(Ledger)
    take_orders(bot, placed)

    @bot.contact()
    async def hello(ctx: Ctx, ledger: Ledger) -> str:
        ledger.chats.append(ctx.chat)
        return "Hello."

    @bot.command()
    async def tale(ctx: Ctx) -> AsyncIterator[Part]:
        """Tell a tale."""
        for word in ("Once ", "upon ", "a time."):
            yield Part(word)
            await asyncio.sleep(0)

    @bot.cron("48 17 * * *")  # 80 seconds after the clock of the test begins
    async def close(ctx: Ctx, ledger: Ledger) -> None:
        for chat in ledger.chats:
            await ctx.send(f"Today: {ledger.shirts} shirts.", to=chat)

    @bot.message()
    async def rest(msg: Message) -> str:
        return f"You said {msg.text}."

    return bot


def take_orders(bot: Bot, placed: list[str]) -> None:
    async def place(who: str, size: str, n: int) -> str:
        await asyncio.sleep(0)
        placed.append(who)
        await asyncio.sleep(0)
        return f"{size}{n}"

    @bot.command()
    async def order(ctx: Ctx, basket: Basket, ledger: Ledger) -> AsyncIterator[Said]:
        """Order a shirt."""
        shirt = await ctx.fill(Shirt)
        if not await ctx.confirm(f"{shirt.n} x {shirt.size}, right?"):
            return
        news = await ctx.send("Wait.")
        ref = await ctx.step(place, ctx.sender.name, shirt.size, shirt.n)
        await news.edit(f"Order {ref} placed.")
        basket.orders += 1
        ledger.shirts += shirt.n
        await ctx.later(timedelta(seconds=30), ring, ref)
        name = await ctx.ask("For whom?")
        yield Reply("Your bill.", file=name.encode(), name=f"{name}.txt")
        yield Reply(f"{name} has {basket.orders}. More?", choices=["Yes", "No"])

    @bot.job
    async def ring(ctx: Ctx, ref: str) -> str:
        return f"{ref} has arrived."


SAID: Final = {
    "Ann": ("/order", "XL", "L", "2", "yes", "Sun", "2", "/tale"),
    "Ben": ("/order", "1", "ten", "3", "yes", "Moon", "yes", "/tale"),
}
SIZE: Final = "Which size? 1) S 2) M 3) L"
HEARD: Final = {
    "Ann": [
        SIZE,
        f"I need S, M or L. {SIZE}",
        "How many?",
        "2 x L, right? (yes/no)",
        "Order L2 placed.",
        "For whom?",
        "Sun.txt",
        "Sun has 1. More? 1) Yes 2) No",
        "You said No.",
        "Once upon a time.",
        "L2 has arrived.",
        "Today: 5 shirts.",
    ],
    "Ben": [
        SIZE,
        "How many?",
        "I need a whole number from 1 to 9. How many?",
        "3 x S, right? (yes/no)",
        "Order S3 placed.",
        "For whom?",
        "Moon.txt",
        "Moon has 1. More? 1) Yes 2) No",
        "You said Yes.",
        "Once upon a time.",
        "S3 has arrived.",
        "Today: 5 shirts.",
    ],
}


async def story(world: World, fuse: Fuse, at: int) -> tuple[bool, dict[str, list[str]]]:
    """Let two people talk at once, with a death at point ``at``; say whether it came."""
    people = [world.person(name) for name in SAID]
    for person in people:
        await person.joins()
    fuse.arm(at)
    for number in range(8):
        for person in people:
            await person.sends(SAID[person.name][number])
    burnt = asyncio.create_task(fuse.burnt.wait())
    told = asyncio.create_task(world.advance(timedelta(minutes=2)))
    await asyncio.wait([burnt, told], return_when=asyncio.FIRST_COMPLETED)
    fuse.disarm()
    if died := not told.done():
        told.cancel()
        await world.crash()
        await world.advance(timedelta(minutes=2))
    burnt.cancel()
    heard = {person.name: await person.hears() for person in people}
    return died, {
        name: [each.name if isinstance(each, File) else str(each) for each in lines]
        for name, lines in heard.items()
    }


async def die_at(folder: Path, fuse: Fuse, at: int) -> bool:
    """Tell the story, and check what was heard; return whether the bot died."""
    placed = list[str]()
    async with shop(placed).testing(folder) as world:
        died, heard = await story(world, fuse, at)
    assert heard == HEARD, f"after a death at point {at}"
    # Only between the end of the step and its row is it unknown whether it was done.
    assert sorted(set(placed)) == ["Ann", "Ben"]
    assert len(placed) <= 3, f"after a death at point {at}"
    return died


async def test_a_bot_that_dies_at_some_waits_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    fuse = Fuse()
    fuse.install(monkeypatch)
    at = 1
    while await die_at(tmp_path_factory.mktemp("bot"), fuse, at):
        at += 11
    assert at > 200  # there are as many things to wait for


@pytest.mark.slow
async def test_a_bot_that_dies_at_any_wait_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    fuse = Fuse()
    fuse.install(monkeypatch)
    at = 1
    while await die_at(tmp_path_factory.mktemp("bot"), fuse, at):
        at += 1
    assert at > 200


@pytest.mark.slow
async def test_a_bot_that_dies_after_some_turns_of_the_loop_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As above, but nothing ends where the disk or the network is: handlers and steps do, too."""
    fuse = Fuse()
    for at in range(0, 1_500, 25):

        async def burn(turns: int = at) -> None:
            for _ in range(turns):
                await asyncio.sleep(0)
            fuse.burnt.set()

        monkeypatch.setattr(fuse, "arm", lambda _at, burn=burn: asyncio.ensure_future(burn()))
        fuse.burnt.clear()
        await die_at(tmp_path_factory.mktemp("bot"), fuse, at)
