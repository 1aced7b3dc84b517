import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from graphchat.errors import NotFoundError
from graphchat_bots import Bot, Message
from graphchat_bots.port import Incoming
from graphchat_bots.store import BotStore
from graphchat_bots.testing.memory_port import MemoryPort


def echo() -> tuple[Bot, asyncio.Event, list[str]]:
    bot, gate, runs = Bot("echo"), asyncio.Event(), list[str]()
    gate.set()

    @bot.message()
    async def again(msg: Message) -> str:
        runs.append(msg.text)
        await gate.wait()
        return msg.text

    return bot, gate, runs


async def test_an_event_that_comes_again_is_not_handled_again(tmp_path: Path) -> None:
    bot, _, runs = echo()
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("x")
        await ann.repeats()
        await world.crash()
        await ann.repeats()
    assert runs == ["x"]


async def test_events_are_acknowledged_when_they_were_handled_and_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acknowledged: list[str] = []
    original = MemoryPort.acknowledge

    async def note(self: MemoryPort, ids: list[str]) -> None:
        acknowledged.extend(ids)
        await original(self, ids)

    monkeypatch.setattr(MemoryPort, "acknowledge", note)
    bot, gate, runs = echo()
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.joins()
        acknowledged.clear()
        gate.clear()
        await ann.sends("x")
        while not runs:  # noqa: ASYNC110 - a plain list
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        assert acknowledged == []
        gate.set()
        await ann.hears()
        assert len(acknowledged) == 1


async def test_an_event_of_a_chat_that_is_gone_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*args: object) -> None:
        raise NotFoundError

    monkeypatch.setattr(MemoryPort, "recall", gone)
    bot, gate, runs = echo()
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        gate.clear()
        for number in range(40):
            await ann.sends(str(number))
        while not runs:  # noqa: ASYNC110 - a plain list
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.02)
        gate.set()
        heard = await ann.hears()
        # What waited in memory is answered, what was only named is not.
        assert heard == [str(number) for number in range(len(heard))]
        assert 10 <= len(heard) < 40


async def test_something_that_is_not_there_does_not_end_the_bot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive, failures = MemoryPort.receive, [NotFoundError()]

    async def fail_once(self: MemoryPort, limit: int) -> Sequence[Incoming]:
        if failures:
            raise failures.pop()
        return await receive(self, limit)

    monkeypatch.setattr(MemoryPort, "receive", fail_once)
    bot, _, _ = echo()
    async with bot.testing(tmp_path) as world:
        assert await world.person("Ann").says("x") == ["x"]


async def test_a_stop_does_not_wait_for_events_that_were_being_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking = asyncio.Event()

    async def hang(self: BotStore, ids: Sequence[str]) -> set[str]:
        looking.set()
        await asyncio.Event().wait()
        return set()

    bot, _, _ = echo()
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("x") == ["x"]
        with monkeypatch.context() as patch:
            patch.setattr(BotStore, "seen", hang)
            await ann.sends("y")
            await looking.wait()
            await asyncio.wait_for(world.restart(), 1)
        assert await ann.hears() == ["y"]
