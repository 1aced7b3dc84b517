import asyncio
from pathlib import Path

import msgspec

from graphchat_bots import Bot, Ctx, UserError
from graphchat_bots.testing.world import Level


class Meeting:
    """Lets that many handlers be in the middle of their work at the same time, once."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._all = asyncio.Event()

    async def wait(self) -> None:
        self._left -= 1
        if self._left <= 0:
            self._all.set()
        await self._all.wait()


def club(size: int = 1) -> tuple[Bot, list[str]]:
    """Return a bot that knows its members, and the list of the runs of its handlers."""
    bot, meeting, runs = Bot("club"), Meeting(size), list[str]()

    @bot.state(scope="bot")
    class Members(msgspec.Struct):
        names: list[str] = msgspec.field(default_factory=list)

    @bot.state(scope="bot")
    class Doors(msgspec.Struct):
        are_closed: bool = False

    @bot.state(scope="chat")
    class Visits(msgspec.Struct):
        n: int = 0

    @bot.command()
    async def join(ctx: Ctx, members: Members, visits: Visits) -> str:
        runs.append(ctx.sender.name)
        await meeting.wait()
        members.names.append(ctx.sender.name)
        visits.n += 1
        return f"You are number {len(members.names)}, for the {visits.n}. time."

    @bot.command()
    async def join_if_open(ctx: Ctx, members: Members, doors: Doors) -> str:
        if doors.are_closed:
            raise UserError("Closed.")
        await meeting.wait()
        members.names.append(ctx.sender.name)
        return "Welcome."

    @bot.command()
    async def close(doors: Doors, members: Members) -> str:
        await meeting.wait()
        doors.are_closed = True
        return f"With {len(members.names)} inside."

    @bot.command()
    async def count(members: Members) -> str:
        return str(len(members.names))

    return bot, runs


async def test_what_belongs_to_the_bot_is_one_for_all_chats(
    tmp_path: Path, bot_level: Level
) -> None:
    bot, _ = club()
    async with bot.testing(tmp_path, bot_level) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        assert await ann.says("/join") == ["You are number 1, for the 1. time."]
        assert await ben.says("/join") == ["You are number 2, for the 1. time."]
        await world.crash()
        assert await ann.says("/join") == ["You are number 3, for the 2. time."]


async def test_no_change_is_lost_if_all_chats_change_at_once(tmp_path: Path) -> None:
    bot, runs = club(20)
    async with bot.testing(tmp_path) as world:
        people = [world.person(f"Person {number}") for number in range(20)]
        answers = await asyncio.gather(*(person.says("/join") for person in people))
        assert sorted(str(answer[0]) for answer in answers) == sorted(
            f"You are number {number}, for the 1. time." for number in range(1, 21)
        )
        assert await people[0].says("/count") == ["20"]
    # One was first; each of the others ran once more and then had its turn.
    assert len(runs) == 39


async def test_a_change_that_rests_on_what_was_only_read_is_checked_too(tmp_path: Path) -> None:
    bot, _ = club(2)
    async with bot.testing(tmp_path) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        heard = await asyncio.gather(ann.says("/join-if-open"), ben.says("/close"))
        inside = "1" if heard[0] == ["Welcome."] else "0"
        assert heard[1] == [f"With {inside} inside."]
        assert await ann.says("/count") == [inside]


async def test_a_step_that_takes_long_does_not_undo_what_others_change_meanwhile(
    tmp_path: Path,
) -> None:
    bot, entered, opened = Bot("till"), asyncio.Event(), asyncio.Event()

    @bot.state(scope="bot")
    class Till(msgspec.Struct):
        coins: int = 0
        names: list[str] = msgspec.field(default_factory=list)

    async def pay(who: str) -> int:
        if who == "Ann":
            entered.set()
            await opened.wait()
        return 1

    @bot.command()
    async def buy(ctx: Ctx, till: Till) -> str:
        await ctx.ask("What?")
        paid = await ctx.step(pay, ctx.sender.name)
        till.coins += paid
        till.names.append(ctx.sender.name)
        return f"{till.coins} by {', '.join(till.names)}."

    async with bot.testing(tmp_path) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        for person in (ann, ben):
            await person.says("/buy")
        await ann.sends("tea")
        await entered.wait()
        assert await ben.says("tea") == ["1 by Ben."]
        opened.set()
        assert await ann.hears() == ["2 by Ben, Ann."]
        await world.crash()
        await ben.says("/buy")
        assert await ben.says("more tea") == ["3 by Ben, Ann, Ben."]
