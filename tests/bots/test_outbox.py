import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from graphchat.content import Text
from graphchat.errors import NotFoundError, RateError, StateError
from graphchat_bots import Bot, Ctx, Message
from graphchat_bots.testing.memory_port import MemoryPort


def chatty(count: int) -> Bot:
    bot = Bot("chatty")

    @bot.message()
    async def talk(msg: Message) -> AsyncIterator[str]:
        for number in range(count):
            yield f"{msg.text} {number}"

    return bot


async def test_messages_arrive_in_order(tmp_path: Path) -> None:
    async with chatty(300).testing(tmp_path) as world:
        assert await world.person("Ann").says("x") == [f"x {n}" for n in range(300)]


async def test_what_was_left_is_sent_at_the_next_start_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, stuck = MemoryPort.send, asyncio.Event()

    async def hang(*args: object) -> None:
        stuck.set()
        await asyncio.Event().wait()

    monkeypatch.setattr("graphchat_bots.outbox.PAGE", 7)
    async with chatty(50).testing(tmp_path) as world:
        ann = world.person("Ann")
        monkeypatch.setattr(MemoryPort, "send", hang)
        await ann.sends("x")
        await stuck.wait()
        monkeypatch.setattr(MemoryPort, "send", send)
        await world.crash()
        assert await ann.hears() == [f"x {n}" for n in range(50)]
        assert await ann.says("y") == [f"y {n}" for n in range(50)]


async def test_a_chat_that_is_gone_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = MemoryPort.send

    async def refuse(self: MemoryPort, chat: str, message: Text, message_id: bytes) -> None:
        if chat == "chat-1":
            raise NotFoundError
        await send(self, chat, message, message_id)

    monkeypatch.setattr(MemoryPort, "send", refuse)
    async with chatty(2).testing(tmp_path) as world:
        gone, ann = world.person("Gone"), world.person("Ann")
        assert await gone.says("x") == []
        assert await ann.says("y") == ["y 0", "y 1"]
        letters = await world.dead_letters()
        assert [(letter.kind, letter.chat, letter.error) for letter in letters] == [
            ("outgoing", "chat-1", "NotFoundError")
        ] * 2
        await world.crash()
        assert len(await world.dead_letters()) == 2


@pytest.mark.parametrize("error", [StateError, OSError])
async def test_a_chat_that_cannot_be_sent_to_takes_no_room_from_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    send, started = MemoryPort.send, asyncio.Event()

    async def refuse(self: MemoryPort, chat: str, message: Text, message_id: bytes) -> None:
        if chat == "chat-1":
            started.set()
            if error is OSError:
                await asyncio.Event().wait()  # as one that is tried again for long
            raise error
        await send(self, chat, message, message_id)

    monkeypatch.setattr("graphchat_bots.outbox.MAX_HELD", 4)
    monkeypatch.setattr("graphchat_bots.outbox.PAGE", 3)
    monkeypatch.setattr(MemoryPort, "send", refuse)
    async with asyncio.timeout(10), chatty(10).testing(tmp_path) as world:
        stuck, ann = world.person("Stuck"), world.person("Ann")
        await stuck.sends("x")
        await started.wait()
        for text in ("y", "z"):
            assert await ann.says(text) == [f"{text} {n}" for n in range(10)]
            await world.crash()
        if error is StateError:
            assert await stuck.says("x") == []
            assert [letter.tries for letter in await world.dead_letters()] == [1] * 20


async def test_messages_wait_in_the_store_while_there_is_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphchat_bots.outbox.MAX_HELD", 5)
    async with chatty(10).testing(tmp_path) as world:
        people = [world.person(str(number)) for number in range(4)]
        for person in people:
            await person.sends("x")
            await person.sends("y")
        wanted = [f"{text} {n}" for text in "xy" for n in range(10)]
        assert [await person.hears() for person in people] == [wanted] * 4


async def test_a_network_that_never_takes_a_message_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    async def fail(*args: object) -> None:
        nonlocal tries
        tries += 1
        raise OSError

    monkeypatch.setattr(MemoryPort, "send", fail)
    async with chatty(1).testing(tmp_path) as world:
        assert await world.person("Ann").says("x") == []
        (letter,) = await world.dead_letters()
        assert letter.tries == tries == 100


async def test_a_chat_gets_so_many_at_once_and_the_rest_at_a_rate(tmp_path: Path) -> None:
    async with chatty(40).testing(tmp_path) as world:
        began = world.clock.now()
        assert len(await world.person("Ann").says("x")) == 40
        assert 3.9 < world.clock.now() - began < 4.1  # 20, and then 5 a second


async def test_a_network_that_asks_for_a_pause_gets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, tries = MemoryPort.send, list[float]()

    async def refuse(self: MemoryPort, chat: str, message: Text, message_id: bytes) -> None:
        tries.append(world.clock.now())
        if len(tries) == 1:
            raise RateError(retry_after=77)
        await send(self, chat, message, message_id)

    monkeypatch.setattr(MemoryPort, "send", refuse)
    async with chatty(1).testing(tmp_path) as world:
        assert await world.person("Ann").says("x") == ["x 0"]
    assert tries[1] - tries[0] == 77


async def test_bulk_lets_others_pass_also_after_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, stuck = MemoryPort.send, asyncio.Event()
    bot = Bot("newspaper")

    @bot.message()
    async def print_(ctx: Ctx) -> None:
        for number in range(3):
            await ctx.send(f"bulk {number}", bulk=True)
        status = await ctx.send("0 %")
        for number in range(1, 5):
            await status.edit(f"{number} %")

    async def hang(*args: object) -> None:
        stuck.set()
        await asyncio.Event().wait()

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.joins()
        monkeypatch.setattr(MemoryPort, "send", hang)
        await ann.sends("x")
        await stuck.wait()
        monkeypatch.setattr(MemoryPort, "send", send)
        await world.crash()
        assert await ann.hears() == ["4 %", "bulk 0", "bulk 1", "bulk 2"]
