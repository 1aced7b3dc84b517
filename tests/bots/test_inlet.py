from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest

from graphchat.errors import StateError
from graphchat_bots import Bot, Ctx, Inlet, UserError
from graphchat_bots.context import MAX_ARGUMENTS
from graphchat_bots.local_relay import local_relay
from graphchat_bots.testing.world import Level


class Bell:
    """Stands for a server that is called from outside."""

    def __init__(self, inlet: Inlet) -> None:
        self.inlet = inlet


class Heard(msgspec.Struct):
    n: int = 0


async def ring(ctx: Ctx, text: str) -> str:
    return f"Ring: {text}"


async def count(heard: Heard) -> str:
    heard.n += 1
    return str(heard.n)


def doorman(home: Path | None = None, relays: Sequence[str] | None = None) -> Bot:
    bot = Bot("doorman", home=home, relays=relays)

    @bot.provide
    async def bell(inlet: Inlet) -> AsyncIterator[Bell]:
        with pytest.raises(StateError, match="does not run now"):
            await inlet.post("anywhere", "early", ring, "x")
        yield Bell(inlet)

    bot.job(ring)
    bot.message()(count)
    bot.state(scope="bot")(Heard)
    return bot


async def test_what_comes_from_outside_runs_once_for_its_id(
    tmp_path: Path, bot_level: Level
) -> None:
    async with doorman().testing(tmp_path, bot_level) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        assert await ann.says("hi") == ["1"]
        chat = await ann.chat()
        assert await world.get(Bell).inlet.post(chat, "7", ring, "door")
        assert not await world.get(Bell).inlet.post(chat, "7", ring, "other")
        assert await ann.hears() == ["Ring: door"]
        await world.restart()
        assert not await world.get(Bell).inlet.post(chat, "7", ring, "door")
        assert await world.get(Bell).inlet.post(await ben.chat(), "7", ring, "garden")
        assert await ben.hears() == ["Ring: garden"]
        assert await ann.hears() == []


async def test_what_was_taken_in_survives_a_crash_right_after_it(tmp_path: Path) -> None:
    async with doorman().testing(tmp_path) as world:
        ann = world.person("Ann")
        chat = await ann.chat()
        assert await world.get(Bell).inlet.post(chat, "7", ring, "door")
        await world.crash()
        assert not await world.get(Bell).inlet.post(chat, "7", ring, "door")
        assert await ann.hears() == ["Ring: door"]


async def test_nothing_is_taken_in_once_the_bot_has_stopped(tmp_path: Path) -> None:
    async with doorman().testing(tmp_path) as world:
        chat, old = await world.person("Ann").chat(), world.get(Bell).inlet
        await world.restart()
        with pytest.raises(StateError, match="does not run now"):
            await old.post(chat, "7", ring, "door")


async def test_what_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    async with doorman().testing(tmp_path) as world:
        inlet = world.get(Bell).inlet
        with pytest.raises(UserError, match="too long"):
            await inlet.post("chat", "7", ring, "x" * MAX_ARGUMENTS)
        with pytest.raises(TypeError, match="no job"):
            await inlet.post("chat", "7", count)  # type: ignore[arg-type]


async def test_a_state_of_the_whole_bot_can_be_looked_at(tmp_path: Path) -> None:
    async with doorman().testing(tmp_path) as world:
        inlet = world.get(Bell).inlet
        assert await inlet.state(Heard) == Heard(0)
        await world.person("Ann").says("hi")
        assert await inlet.state(Heard) == Heard(1)
        with pytest.raises(TypeError, match="scope"):
            await inlet.state(msgspec.defstruct("Other", []))


async def test_a_program_around_the_bot_brings_things_in(tmp_path: Path) -> None:
    async with local_relay(None) as relay:
        bot = doorman(home=tmp_path, relays=[relay])
        with pytest.raises(RuntimeError, match="does not run"):
            _ = bot.inlet
        async with bot:
            assert await bot.inlet.state(Heard) == Heard(0)


def test_only_the_bot_itself_makes_an_inlet() -> None:
    bot = doorman()

    @bot.provide
    def own() -> Inlet:
        raise NotImplementedError

    assert bot.check() == ["provider own: providers get Inlet from the bot itself"]
