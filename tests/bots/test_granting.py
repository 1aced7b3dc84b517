import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from tests.bots.fuse import Fuse

from graphchat_bots import Bot, Ctx, Message, Role
from graphchat_bots.testing.world import World

SORRY = "That invitation is not good, or not any more. Ask for a new one."
HOUR = timedelta(hours=1)


def shop() -> Bot:
    bot = Bot("shop")

    @bot.command(role=Role.ADMIN)
    async def close() -> str:
        """Close the shop."""
        return "Closed."

    @bot.command(role=Role.MODERATOR)
    async def clean(ctx: Ctx) -> str:
        await ctx.later(timedelta(minutes=1), cleaned)
        return "OK."

    @bot.job
    async def cleaned(ctx: Ctx) -> str:
        return f"Cleaned by a {ctx.sender.role.label}."

    @bot.message(lambda msg: msg.sender.role < Role.MODERATOR)
    async def no(msg: Message) -> str:
        return "No."

    @bot.message()
    async def yes(msg: Message) -> str:
        return "Yes."

    return bot


async def text_of(world: World, name: str, said: str) -> str:
    (answer,) = await world.person(name).says(said)
    assert isinstance(answer, str)
    return answer


async def test_a_role_is_granted_by_an_invitation_and_survives_a_crash(tmp_path: Path) -> None:
    # Elsewhere the ids or names of admins stand in the settings: whoever takes the name has it.
    async with shop().testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("May I?") == ["No."]
        assert await ann.says(world.invite(Role.MODERATOR)) == [
            "You are moderator of this bot now."
        ]
        assert await ann.says("May I?") == ["Yes."]
        await world.crash()
        assert await ann.says("/clean") == ["OK."]
        await world.advance(timedelta(minutes=1))
        assert await ann.hears() == ["Cleaned by a moderator."]
        # Somebody else of the same name is nobody.
        assert await world.person("Ann").says("May I?") == ["No."]


async def test_a_handler_sees_what_somebody_else_may_do_now(tmp_path: Path) -> None:
    made, known = Bot("doors"), list[str]()

    @made.command()
    async def remember(ctx: Ctx) -> None:
        known.append(ctx.sender.id)

    @made.command()
    async def look(ctx: Ctx) -> str:
        return ctx.role_of(known[0]).label

    async with made.testing(tmp_path) as world:
        ann, boss = world.person("Ann"), world.person("Boss")
        await ann.says("/remember")
        await boss.says(world.invite(Role.ADMIN))
        assert await boss.says("/look") == ["member"]
        await ann.says(world.invite(Role.MODERATOR))
        assert await boss.says("/look") == ["moderator"]
        await boss.says("/roles revoke 2")
        assert await boss.says("/look") == ["member"]


async def test_an_invitation_is_good_once(tmp_path: Path) -> None:
    async with shop().testing(tmp_path) as world:
        line = world.invite(Role.ADMIN)
        ann, eve = world.person("Ann"), world.person("Eve")
        await ann.says(line, id="m1")
        assert await ann.says(line, id="m1") == []
        assert await eve.says(line) == [SORRY]
        assert not list((tmp_path / "roles").iterdir())


async def test_of_two_who_say_it_at_once_one_has_it(tmp_path: Path) -> None:
    async with shop().testing(tmp_path) as world:
        line = world.invite(Role.ADMIN)
        people = [world.person("Ann"), world.person("Bob")]
        for person in people:
            await person.joins()
        answers = await asyncio.gather(*(person.says(line) for person in people))
        assert sorted(answers) == [[SORRY], ["You are admin of this bot now."]]
        closed = [await person.says("/close") == ["Closed."] for person in people]
        assert sorted(closed) == [False, True]


async def test_a_file_that_a_crash_left_behind_grants_nothing(tmp_path: Path) -> None:
    async with shop().testing(tmp_path) as world:
        line = world.invite(Role.ADMIN)
        (file,) = (tmp_path / "roles").iterdir()
        left = file.read_bytes()
        await world.person("Ann").says(line)
        file.write_bytes(left)
        await world.crash()
        assert await world.person("Eve").says(line) == [SORRY]


async def test_an_invitation_expires(tmp_path: Path) -> None:
    async with shop().testing(tmp_path) as world:
        line = world.invite(Role.ADMIN)
        await world.advance(24 * HOUR)
        assert await world.person("Ann").says(line) == [SORRY]


async def test_who_guesses_is_soon_not_answered(tmp_path: Path) -> None:
    async with shop().testing(tmp_path) as world:
        eve = world.person("Eve")
        for number in range(5):
            assert await eve.says(f"/role {number}") == [SORRY]
        assert await eve.says("/role x") == ["That is too much at once. Try again in 60 minutes."]
        line = world.invite(Role.ADMIN)
        assert await eve.says(line) == []
        assert await world.person("Ann").says(line) == ["You are admin of this bot now."]
        await world.advance(HOUR)
        assert await eve.says("/role") == [SORRY]


async def test_a_lower_invitation_takes_nothing_away_and_is_not_used_up(tmp_path: Path) -> None:
    async with shop().testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says(world.invite(Role.ADMIN))
        line = world.invite(Role.MODERATOR)
        assert await ann.says(line) == ["You are admin already."]
        assert await ann.says("/close") == ["Closed."]
        assert await world.person("Bob").says(line) == ["You are moderator of this bot now."]


async def test_what_one_may_not_use_is_unknown_and_not_in_the_help(tmp_path: Path) -> None:
    async with shop().testing(tmp_path) as world:
        ann = world.person("Ann")
        unknown = "I do not know /close. /help lists what I can do."
        assert await ann.says("/close") == [unknown]
        assert await ann.says("/closed") == [unknown.replace("/close", "/closed")]
        assert "close" not in await text_of(world, "Bob", "/help")
        assert "Close the shop" not in await text_of(world, "Bob", "/help close")
        await ann.says(world.invite(Role.ADMIN))
        assert await ann.says("/close") == ["Closed."]
        (answer,) = await ann.says("/help close")
        assert isinstance(answer, str)
        assert "Close the shop." in answer


async def test_admins_see_who_has_a_role_and_take_it_back(tmp_path: Path) -> None:
    async with shop().testing(tmp_path) as world:
        ann, bob = world.person("Ann"), world.person("Bob")
        await ann.says(world.invite(Role.ADMIN))
        await bob.says(world.invite(Role.MODERATOR))
        assert await bob.says("/roles") == ["I do not know /roles. /help lists what I can do."]
        listed = (
            "- #1: Ann, admin since 2030-03-17\n"
            "- #2: Bob, moderator since 2030-03-17\n\n"
            "/roles revoke NUMBER takes a role back."
        )
        assert await ann.says("/roles") == [listed]
        assert await ann.says("/roles give me") == ["Say /roles, or /roles revoke NUMBER."]
        assert await ann.says("/roles revoke 7") == [
            "Nobody has this number. /roles lists who has a role."
        ]
        assert await ann.says("/roles revoke #2") == ["Bob is not moderator any more."]
        assert await bob.says("May I?") == ["No."]
        await world.crash()
        assert await bob.says("May I?") == ["No."]
        assert await ann.says("/close") == ["Closed."]


async def test_a_crash_at_any_wait_neither_loses_nor_doubles_a_role(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fuse = Fuse()
    fuse.install(monkeypatch)
    at, died = 0, True
    while died:
        at += 1
        folder = tmp_path / str(at)
        folder.mkdir()
        async with shop().testing(folder) as world:
            ann = world.person("Ann")
            await ann.joins()
            line = world.invite(Role.ADMIN)
            fuse.arm(at)
            await ann.sends(line)
            burnt = asyncio.create_task(fuse.burnt.wait())
            told = asyncio.create_task(world.settle())
            await asyncio.wait([burnt, told], return_when=asyncio.FIRST_COMPLETED)
            fuse.disarm()
            if died := not told.done():
                told.cancel()
                await world.crash()
            else:
                burnt.cancel()
            assert await ann.hears() == ["You are admin of this bot now."], at
            assert await ann.says("/close") == ["Closed."], at
            assert await world.person("Eve").says(line) == [SORRY], at
    assert at > 8  # there are as many things to wait for


def test_a_bot_has_no_command_of_these_names() -> None:
    bot = Bot("shop")

    @bot.command(aliases=["roles"])
    async def role() -> str:
        return ""

    assert bot.check() == [
        "command /role: the bot itself answers it, about roles",
        "command /roles: the bot itself answers it, about roles",
    ]
