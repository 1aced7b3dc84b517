"""What a bot does in a group, over both levels."""

from datetime import timedelta
from pathlib import Path

from graphchat_bots import Bot, Ctx, Message
from graphchat_bots.testing.world import Level


def moderator() -> Bot:
    bot = Bot("mod")

    @bot.message(lambda m: m.text == "bad")
    async def bad(msg: Message) -> None:
        await msg.delete()
        await msg.sender.mute(timedelta(days=1))
        await msg.sender.mute(timedelta(days=1))
        await msg.delete()

    @bot.command()
    async def unmute(ctx: Ctx, name: str) -> str:
        """Let somebody be heard."""
        for member in await ctx.members():
            if member.name == name:
                await ctx.sender_of(member).unmute()
        return "Yes."

    @bot.command()
    async def ban(ctx: Ctx, name: str) -> str:
        """Take somebody out."""
        for member in await ctx.members():
            if member.name == name:
                await ctx.sender_of(member).ban()
                await ctx.sender_of(member).remove()
        return "Gone."

    @bot.join_request()
    async def judge(ctx: Ctx) -> str:
        if ctx.sender.name == "Eve":
            await ctx.sender.reject()
            return "No Eve."
        await ctx.sender.accept()
        return f"Welcome, {ctx.sender.name}."

    return bot


async def test_a_moderator_deletes_mutes_unmutes_and_bans(
    tmp_path: Path, bot_level: Level
) -> None:
    async with moderator().testing(tmp_path, bot_level) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        room = await world.group("Hikers", ann, ben, role="moderator")
        assert await ben.says("bad", to=room) == []
        assert [member.name for member in await room.members() if member.muted] == ["Ben"]
        assert await ann.says("/unmute Ben", to=room) == ["Yes."]
        assert await room.posts() == [("Ann", "/unmute Ben"), ("mod", "Yes.")]
        assert await ben.says("better", to=room) == []
        assert await ann.says("/ban Ben", to=room) == ["Gone."]
        assert [member.name for member in await room.members()] == ["Ann", "mod"]
        assert await world.dead_letters() == []


async def test_a_moderator_lets_in_and_does_not(tmp_path: Path, bot_level: Level) -> None:
    async with moderator().testing(tmp_path, bot_level) as world:
        ann, ben, eve = (world.person(name) for name in ("Ann", "Ben", "Eve"))
        room = await world.closed_group("Hikers", ann)
        assert await room.joins(ben) == ["Welcome, Ben."]
        assert await room.joins(eve) == ["No Eve."]
        assert [member.name for member in await room.members()] == ["Ann", "Ben", "mod"]


async def test_what_the_role_of_the_bot_does_not_allow_is_a_dead_letter(tmp_path: Path) -> None:
    async with moderator().testing(tmp_path) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        room = await world.group("Hikers", ann, ben)
        assert await ben.says("bad", to=room) == []
        assert await room.posts() == [("Ben", "bad")]
        letters = await world.dead_letters()
        assert [(letter.kind, letter.error) for letter in letters] == [
            ("outgoing", "StateError")
        ] * 4


async def test_what_was_decided_before_a_crash_is_done_after_it(tmp_path: Path) -> None:
    async with moderator().testing(tmp_path) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        room = await world.group("Hikers", ann, ben, role="moderator")
        await ben.sends("bad", to=room)
        await world.crash()
        assert await room.posts() == []
        await ann.says("/unmute Ben", to=room, id="m1")
        await world.crash()
        assert [member.name for member in await room.members() if member.muted] == []


async def test_a_bot_takes_back_what_it_has_said(tmp_path: Path, bot_level: Level) -> None:
    bot = Bot("mod")

    @bot.command()
    async def oops(ctx: Ctx) -> None:
        """Say something, and take it back."""
        sent = await ctx.send("oops")
        await sent.delete()

    async with bot.testing(tmp_path, bot_level) as world:
        ann = world.person("Ann")
        room = await world.group("Hikers", ann)
        await ann.says("/oops", to=room)
        assert await room.posts() == [("Ann", "/oops")]
