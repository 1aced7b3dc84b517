"""What a bot is told of groups, over both levels."""

from pathlib import Path

import msgspec

from graphchat.content import Edit, Reaction, Text
from graphchat_bots import Bot, Ctx, Event, Message
from graphchat_bots.message import Reaction as Put
from graphchat_bots.testing.world import Level


def listener() -> Bot:
    bot = Bot("ear")

    @bot.state
    class Count(msgspec.Struct):
        n: int = 0

    @bot.message(lambda m: m.text == "count")
    async def count(event: Event, count: Count) -> str:
        count.n += 1
        return f"{event.sender.name}: {count.n}"

    @bot.message(lambda m: m.text == "who")
    async def who(ctx: Ctx, msg: Message) -> str:
        info = await ctx.group()
        names = ", ".join(f"{each.name} ({each.role})" for each in info.members)
        assert msg.group is not None
        return f"{msg.group.name}: {names}; I am {info.role}: {info.moderates}"

    @bot.message()
    async def to_me(msg: Message) -> str:
        return f"To me: {msg.text}"

    @bot.reaction()
    async def reacted(put: Put) -> str:
        return f"{put.sender.name} {put.emoji}"

    @bot.edited(lambda m: m.text != "hi")
    async def changed(msg: Message) -> str:
        return f"{msg.sender.name} means {msg.text}"

    @bot.member()
    async def changes(event: Event) -> str:
        return f"{event.kind}: {event.sender.name}"

    return bot


async def test_a_bot_is_told_who_does_what_in_a_group(tmp_path: Path, bot_level: Level) -> None:
    async with listener().testing(tmp_path, bot_level) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        room = await world.group("Hikers", ann)
        assert await room.joins(ben) == ["joined: Ben"]
        expected = "Hikers: Ann (owner), Ben (member), ear (member); I am member: False"
        assert await ann.says("who", to=room) == [expected]
        assert await ann.says("count", to=room) == ["Ann: 1"]
        assert await ann.says("count", to=room, id="m1") == ["Ann: 2"]
        # A state belongs to one member, and survives.
        assert await ben.says("count", to=room) == ["Ben: 1"]
        await world.crash()
        assert await ann.says("count", to=room) == ["Ann: 3"]
        assert await ann.says("count") == ["Ann: 1"]
        # What is said about posts.
        post = world.message_id(f"{await ann.chat()} m1")
        assert await ben.says(Reaction(post, "👍"), to=room) == ["Ben 👍"]
        assert await ann.says(Edit(post, "http://x"), to=room) == ["Ann means http://x"]
        reply = Text("really?", reply_to=room.id_of("Ann: 3"))
        assert await ann.says(reply, to=room) == ["To me: really?"]
        assert await room.leaves(ben) == ["left: Ben"]
