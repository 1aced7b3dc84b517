import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from tests.bots.fuse import Fuse

from graphchat_bots import Bot, Ctx, Message, Rest, given
from graphchat_bots.limits import Limits
from graphchat_bots.testing.memory_port import MemoryPort
from graphchat_bots.testing.world import Level, World


class Count(msgspec.Struct):
    n: int = 0


def counter() -> Bot:
    """Return a bot that shows every loss and every repetition."""
    bot = Bot("counter")
    bot.state(Count)

    @bot.message()
    async def count(msg: Message, count: Count) -> AsyncIterator[str]:
        count.n += 1
        yield f"{msg.text} is number {count.n}"
        yield f"end of {count.n}"

    @bot.command()
    async def remind(ctx: Ctx, when: timedelta, text: Rest) -> str:
        await ctx.later(when, ring, text)
        return "OK."

    @bot.job
    async def ring(ctx: Ctx, text: str, *, count: Count = given()) -> str:
        count.n += 100
        return f"{text} at {count.n}"

    return bot


HEARD = {
    "Ann": ["a is number 1", "end of 1", "OK.", "b is number 2", "end of 2", "tea at 102"],
    "Ben": ["c is number 1", "end of 1"],
}


async def story(world: World, fuse: Fuse, at: int) -> tuple[bool, dict[str, list[object]]]:
    """Tell a story that is interrupted at point ``at``; say whether it was, and what was heard."""
    ann, ben = world.person("Ann"), world.person("Ben")
    await ann.joins()
    await ben.joins()
    fuse.arm(at)
    for said in ("a", "/remind 1m tea", "b"):
        await ann.sends(said)
    await ben.sends("c")
    burnt = asyncio.create_task(fuse.burnt.wait())
    told = asyncio.create_task(world.advance(timedelta(minutes=2)))
    await asyncio.wait([burnt, told], return_when=asyncio.FIRST_COMPLETED)
    fuse.disarm()
    if died := not told.done():
        told.cancel()
        await world.crash()
        await world.advance(timedelta(minutes=2))
    else:
        burnt.cancel()
    return died, {person.name: [*await person.hears()] for person in (ann, ben)}


async def test_a_crash_at_any_wait_loses_nothing_and_repeats_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fuse = Fuse()
    fuse.install(monkeypatch)
    at, died = 0, True
    while died:
        at += 1
        folder = tmp_path / str(at)
        folder.mkdir()
        async with counter().testing(folder) as world:
            died, heard = await story(world, fuse, at)
        assert heard == HEARD, f"after a crash at point {at}"
    assert at > 20  # there are as many things to wait for


async def test_crashes_over_a_real_relay_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    async with counter().testing(tmp_path, "relay") as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        for said in ("a", "/remind 1m tea", "b"):
            await ann.sends(said)
            await world.crash()
        await ben.sends("c")
        await world.crash()
        await world.advance(timedelta(minutes=2))
        await world.crash()
        assert {person.name: await person.hears() for person in (ann, ben)} == HEARD


async def test_a_crash_after_any_turn_of_the_loop_loses_and_repeats_nothing(
    tmp_path: Path,
) -> None:
    for turns in range(0, 120, 7):
        folder = tmp_path / str(turns)
        folder.mkdir()
        async with counter().testing(folder) as world:
            ann, ben = world.person("Ann"), world.person("Ben")
            for said in ("a", "/remind 1m tea", "b"):
                await ann.sends(said)
            await ben.sends("c")
            for _ in range(turns):
                await asyncio.sleep(0)
            await world.crash()
            await world.advance(timedelta(minutes=2))
            heard = {person.name: [*await person.hears()] for person in (ann, ben)}
        assert heard == HEARD, f"after a crash after {turns} turns"


async def test_a_redelivery_does_nothing(tmp_path: Path, bot_level: Level) -> None:
    async with counter().testing(tmp_path, bot_level) as world:
        ann = world.person("Ann")
        assert await ann.says("a", id="m1") == ["a is number 1", "end of 1"]
        assert await ann.says("a", id="m1") == []
        assert await ann.repeats() == []
        await world.crash()
        assert await ann.repeats() == []
        assert await ann.says("b") == ["b is number 2", "end of 2"]


async def test_a_redelivery_while_the_first_is_handled_does_nothing(tmp_path: Path) -> None:
    async with counter().testing(tmp_path) as world:
        ann = world.person("Ann")
        for _ in range(5):
            await ann.sends("a", id="m1")
        assert await ann.hears() == ["a is number 1", "end of 1"]


class Gate:
    """A handler waits here until the test lets it go."""

    def __init__(self) -> None:
        self.times = 0
        self.inside: list[str] = []
        self.most: dict[str, int] = {}
        self.entered = asyncio.Event()
        self.opened = asyncio.Event()

    async def enter(self, name: str) -> None:
        self.times += 1
        self.inside.append(name)
        self.most[name] = max(self.most.get(name, 0), self.inside.count(name))
        self.entered.set()
        await self.opened.wait()
        await asyncio.sleep(0)
        self.inside.remove(name)


def gated(limits: Limits | None = None) -> tuple[Bot, Gate]:
    bot, gate = Bot("gated", limits=limits), Gate()

    @bot.message(lambda msg: msg.text.startswith("wait"))
    async def wait(msg: Message) -> str:
        await gate.enter(msg.sender.id)
        return msg.text

    @bot.message()
    async def echo(msg: Message) -> str:
        return msg.text

    return bot, gate


async def test_a_chat_is_handled_strictly_in_order(tmp_path: Path) -> None:
    bot, gate = gated()
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        for number in range(100):
            await ann.sends(f"wait {number}" if number % 2 else f"{number}")
        gate.opened.set()
        assert await ann.hears() == [f"wait {n}" if n % 2 else f"{n}" for n in range(100)]
    assert gate.most == {"chat-1": 1}


async def test_a_slow_chat_does_not_block_another(tmp_path: Path) -> None:
    bot, gate = gated()
    async with bot.testing(tmp_path) as world:
        slow = world.person("Slow")
        # Many times what is held in memory for one chat.
        for number in range(1200):
            await slow.sends(f"wait {number}")
        assert await world.person("Ann").says("hello") == ["hello"]
        gate.opened.set()


async def test_what_a_flooded_chat_has_to_wait_with_keeps_its_order(tmp_path: Path) -> None:
    bot, gate = gated()
    async with bot.testing(tmp_path) as world:
        slow = world.person("Slow")
        for number in range(200):
            await slow.sends(f"wait {number}")
        await gate.entered.wait()
        gate.opened.set()
        assert await slow.hears() == [f"wait {number}" for number in range(200)]


async def test_chats_are_handled_at_the_same_time(tmp_path: Path) -> None:
    bot, gate = gated()
    async with bot.testing(tmp_path) as world:
        people = [world.person(f"P{number}") for number in range(100)]
        for person in people:
            await person.sends("wait")
        while len(gate.inside) < 64:  # noqa: ASYNC110 - nobody tells that all are inside
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        assert len(gate.inside) == 64
        gate.opened.set()
        assert [await person.hears() for person in people] == [["wait"]] * 100


async def test_an_orderly_stop_lets_handlers_end_and_send(tmp_path: Path) -> None:
    bot, gate = gated()
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.sends("wait 1")
        await ann.sends("wait 2")
        await gate.entered.wait()
        stopping = asyncio.create_task(world.restart())
        await asyncio.sleep(0.01)
        assert not stopping.done()
        gate.opened.set()
        await stopping
        assert await ann.hears() == ["wait 1", "wait 2"]
        assert gate.times == 2  # neither was begun twice


async def test_a_stop_ends_a_handler_that_hangs_and_it_comes_again(tmp_path: Path) -> None:
    bot, gate = gated(Limits(drain=timedelta(milliseconds=50)))
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.sends("wait 1")
        await gate.entered.wait()
        await world.restart()
        gate.opened.set()
        assert await ann.hears() == ["wait 1"]


async def test_a_network_that_fails_for_a_while_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = 0
    for name in ("receive", "acknowledge", "send"):
        original = getattr(MemoryPort, name)

        async def flaky(*args: object, original=original, **kwargs: object) -> object:  # type: ignore[no-untyped-def]  # wraps any method
            nonlocal failures
            failures += 1
            if failures % 3:
                raise OSError("no network")
            return await original(*args, **kwargs)

        monkeypatch.setattr(MemoryPort, name, flaky)
    async with counter().testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("a") == ["a is number 1", "end of 1"]
        assert await ann.says("b") == ["b is number 2", "end of 2"]
    assert failures > 9
