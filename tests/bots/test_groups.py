import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from graphchat.client import Client, Profile
from graphchat.content import Text
from graphchat_bots import Bot, Ctx, Message, Role
from graphchat_bots.groups import REFUSED
from graphchat_bots.plan import Join
from graphchat_bots.testing.world import Level


def bot(join: Join = "nobody") -> Bot:
    made = Bot("Shop Bot", join=join)

    @made.command()
    async def price() -> str:
        """Tell what it costs."""
        return "Five."

    @made.message(lambda m: "coffee" in m.text)
    async def coffee() -> str:
        return "Coffee!"

    @made.message()
    async def echo(msg: Message) -> str:
        return msg.text

    return made


async def test_a_bot_answers_what_is_meant_for_it_in_a_group(tmp_path: Path) -> None:
    async with bot().testing(tmp_path) as world:
        ann = world.person("Ann")
        room = await world.group("Hikers", ann)
        assert await ann.says("hello everybody", to=room) == []
        assert await ann.says("coffee anybody?", to=room) == ["Coffee!"]
        assert await ann.says("@shopbot hello", to=room) == ["@shopbot hello"]
        assert await ann.says("hello everybody") == ["hello everybody"]


async def test_a_command_may_name_the_bot_that_is_meant(tmp_path: Path) -> None:
    async with bot().testing(tmp_path) as world:
        ann = world.person("Ann")
        room = await world.group("Hikers", ann)
        assert await ann.says("/price", to=room) == ["Five."]
        assert await ann.says("/price@ShopBot", to=room) == ["Five."]
        assert await ann.says("/price@other coffee", to=room) == []
        assert await ann.says("/what", to=room) == []
        (unknown,) = await ann.says("/what@shopbot", to=room)
        assert isinstance(unknown, str)
        assert "/what" in unknown
        assert await ann.says("/price@other") == ["Five."]


async def test_a_reply_to_the_bot_is_meant_for_it(tmp_path: Path) -> None:
    made = bot()

    @made.command()
    async def say() -> str:
        """Say something."""
        return "said"

    async with made.testing(tmp_path) as world:
        ann = world.person("Ann")
        room = await world.group("Hikers", ann)
        await ann.says("/say", to=room)
        reply = Text("really?", reply_to=room.id_of("said"))
        assert await ann.says(reply, to=room) == ["really?"]
        assert await ann.says(Text("really?", reply_to=bytes(16)), to=room) == []


async def test_another_bot_is_heard_only_if_it_mentions_this_one(tmp_path: Path) -> None:
    async with bot().testing(tmp_path) as world:
        ann, robot = world.person("Ann"), world.person("Robot", is_bot=True)
        room = await world.group("Hikers", ann, robot)
        assert await robot.says("coffee", to=room) == []
        assert await robot.says("/price", to=room) == []
        assert await robot.says("/price@shopbot", to=room) == ["Five."]
        assert await robot.says("@Shop Bot coffee", to=room) == ["Coffee!"]
        answers = [await robot.says("@shopbot x", to=room) for _ in range(20)]
        assert answers[0] == ["@shopbot x"]
        assert answers[-1] == []
        assert await ann.says("/price", to=room) == ["Five."]


@pytest.mark.parametrize(("join", "enters"), [("everybody", True), ("nobody", False)])
async def test_a_bot_goes_into_a_group_as_its_author_wants(
    tmp_path: Path, bot_level: Level, join: Join, *, enters: bool
) -> None:
    async with bot(join).testing(tmp_path, bot_level) as world:
        ann = world.person("Ann")
        room = await world.group("Hikers", ann, role=None)
        await room.invites(ann)
        assert await ann.hears() == ([] if enters else [REFUSED])
        if enters:
            while len(await room.members()) < 2:  # noqa: ASYNC110 - the host lets it in
                await asyncio.sleep(0.02)
            assert await ann.says("/price", to=room) == ["Five."]
        else:
            assert [member.name for member in await room.members()] == ["Ann"]


async def test_a_bot_goes_into_a_group_by_the_invitation_of_its_admin(tmp_path: Path) -> None:
    async with bot("admins").testing(tmp_path) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        room = await world.group("Hikers", ann, ben, role=None)
        await room.invites(ann)
        assert await ann.hears() == [REFUSED]
        await ann.says(world.invite(Role.ADMIN))
        await room.invites(ann)
        assert await ann.hears() == []
        assert [member.name for member in await room.members()] == ["Ann", "Ben", "Shop Bot"]


async def test_who_moderates_a_group_is_a_moderator_for_the_bot_there(tmp_path: Path) -> None:
    made = bot()

    @made.command(role=Role.MODERATOR)
    async def secret() -> str:
        """Tell a secret."""
        return "Psst."

    async with made.testing(tmp_path) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        room = await world.group("Hikers", ann, ben)
        assert await ann.says("/secret", to=room) == ["Psst."]
        assert await ben.says("/secret", to=room) == []
        assert "secret" not in str(await ben.says("/help", to=room))
        assert await ann.says("/secret") != ["Psst."]


async def test_two_echo_bots_in_one_group_stop(tmp_path: Path) -> None:
    from graphchat_bots.local_relay import local_relay  # noqa: PLC0415

    said: list[str] = []

    def echo(name: str, relay: str) -> Bot:
        made = Bot(name, home=tmp_path, relays=[relay], join="everybody")

        @made.message()
        async def again(ctx: Ctx, msg: Message) -> str:
            said.append(ctx.sender.name)
            return msg.text

        return made

    async with AsyncExitStack() as stack:
        relay = await stack.enter_async_context(local_relay(None))
        bots = [await stack.enter_async_context(echo(name, relay)) for name in ("one", "two")]
        client = await stack.enter_async_context(Client(tmp_path / "ann.db", relays=[relay]))
        ann = await client.create_profile(Profile("Ann"))
        group = await ann.create_group("Hikers")
        async with asyncio.timeout(60):
            for each in bots:
                contact = await ann.connect((await each.invitation()).text)
                await contact.established()
                await group.invite(contact)
            while len(group.members()) < 3:  # noqa: ASYNC110 - they are let in by the host
                await asyncio.sleep(0.05)
            await group.send("@one @two go")
            count = -1
            while count < len(said):
                count = len(said)
                await asyncio.sleep(1)
    assert said.count("Ann") == 2
    assert 4 < len(said) <= 22
