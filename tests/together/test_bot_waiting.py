"""Very many conversations that wait hold no task, and each goes on, also after a crash."""

import asyncio
import random
from pathlib import Path
from typing import Final

import pytest

from graphchat_bots import Bot, Ctx, Message
from graphchat_bots.testing.person import Person
from graphchat_bots.testing.world import World

ANSWERS: Final = 50


def guide() -> Bot:
    bot = Bot("guide")

    @bot.command()
    async def begin(ctx: Ctx) -> str:
        name = await ctx.ask("Name?")
        return f"{name} from {await ctx.ask('From where?')}."

    @bot.message()
    async def rest(msg: Message) -> str:
        return f"? {msg.text}"

    return bot


async def ask_everybody(world: World, count: int) -> list[Person]:
    people = [world.person(f"P{number}") for number in range(count)]
    for person in people:
        await person.sends("/begin")
    await world.settle()
    return people


async def answers(person: Person) -> None:
    assert await person.hears() == ["Name?"]
    assert await person.says(person.name) == ["From where?"]
    assert await person.says("here") == [f"{person.name} from here."]
    assert await person.says("bye") == ["? bye"]


async def many_wait(folder: Path, count: int) -> None:
    some = random.Random(3).sample(range(count), 2 * ANSWERS)
    async with guide().testing(folder) as world:
        await world.settle()
        before = len(asyncio.all_tasks())
        people = await ask_everybody(world, count)
        assert len(asyncio.all_tasks()) == before
        for number in some[:ANSWERS]:
            await answers(people[number])
        await world.crash()
        await world.settle()
        for number in some[ANSWERS:]:
            await answers(people[number])
        assert len(asyncio.all_tasks()) == before


async def test_a_thousand_conversations_that_wait_hold_no_task(tmp_path: Path) -> None:
    await many_wait(tmp_path, 1_000)


@pytest.mark.slow
async def test_ten_thousand_conversations_that_wait_hold_no_task(tmp_path: Path) -> None:
    await many_wait(tmp_path, 10_000)


async def test_a_chat_whose_handler_hangs_keeps_no_other_chat_waiting(tmp_path: Path) -> None:
    bot, opened, order = Bot("echo"), asyncio.Event(), list[str]()

    @bot.message()
    async def again(msg: Message) -> str:
        if msg.text == "hang":
            await opened.wait()
        order.append(msg.text)
        return msg.text

    async with bot.testing(tmp_path) as world:
        slow, fast = world.person("Slow"), world.person("Fast")
        await slow.sends("hang")
        for number in range(100):
            assert await fast.says(f"{number}") == [f"{number}"]
        opened.set()
        assert await slow.hears() == ["hang"]
    assert order == [*map(str, range(100)), "hang"]
