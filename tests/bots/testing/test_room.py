"""A group in a test, over both levels."""

from datetime import timedelta
from pathlib import Path

import pytest

from graphchat.errors import StateError
from graphchat_bots import Bot, Ctx, Event, Message
from graphchat_bots.testing.world import Level


def moderator() -> Bot:
    bot = Bot("mod")

    @bot.message(lambda m: m.group is not None and "http" in m.text)
    async def no_links(msg: Message) -> str:
        await msg.delete(reason="link")
        await msg.sender.mute(timedelta(days=1))
        return f"{msg.sender.name}: no links please."

    @bot.member()
    async def greet(event: Event) -> str:
        return f"{event.sender.name} has {event.kind}."

    @bot.command()
    async def kick(ctx: Ctx, name: str) -> str:
        """Take somebody out."""
        for member in await ctx.members():
            if member.name == name:
                await ctx.sender_of(member).remove()
        return f"{name} goes."

    return bot


async def test_a_bot_moderates_a_group(tmp_path: Path, bot_level: Level) -> None:
    async with moderator().testing(tmp_path, bot_level) as world:
        ann, ben, eve = (world.person(name) for name in ("Ann", "Ben", "Eve"))
        room = await world.group("Hikers", ann, ben, role="moderator")
        assert await room.joins(eve) == ["Eve has joined."]
        assert await ann.says("hello", to=room) == []
        assert await eve.says("http://x", to=room) == ["Eve: no links please."]
        assert await room.posts() == [
            ("mod", "Eve has joined."), ("Ann", "hello"), ("mod", "Eve: no links please.")
        ]  # fmt: skip
        assert [member.name for member in await room.members() if member.muted] == ["Eve"]
        with pytest.raises(StateError):
            await eve.says("sorry", to=room)
        assert await room.leaves(ben) == ["Ben has left."]
        assert await ann.says("/kick Eve", to=room) == ["Eve goes."]
        assert [member.name for member in await room.members()] == ["Ann", "mod"]
