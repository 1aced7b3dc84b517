"""How fast bots answer: without a network, and over a real relay with real encryption.

Everything is durable: an echo is one transaction of the bot (SQLite, ``synchronous=FULL``), and
over the relay the commits of two clients and of the relay too.
"""

import asyncio
import gc
import resource
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Final

from tests.bench._worker import Figures

from graphchat_bots import Bot, Ctx, Message
from graphchat_bots.limits import Limits
from graphchat_bots.testing.person import Person
from graphchat_bots.testing.world import Level

# How fast it could be: the pace that one chat gets is another matter.
UNPACED: Final = Limits(chat_rate=0)
Talk = Callable[[Person], Awaitable[None]]


async def run(quick: bool) -> Figures:  # noqa: FBT001 - the runner calls it so
    few, many = (200, 2_000) if quick else (2_000, 50_000)
    over_relay: dict[str, Figures] = {
        "1 chat": await talks("relay", 1, few // 2, say_once),
        "10 chats": await talks("relay", 10, few, say_once),
    }
    if not quick:
        over_relay["1,000 chats"] = await talks("relay", 1_000, 5_000, say_once)
    return {
        "from `import Bot` to a bot, ms": start_up(5 if quick else 20),
        "in memory, 16 in flight in each of 64 chats, dispatches/s": await echoes(64, many, 16),
        "in memory, echo": {
            "1 chat": await talks("memory", 1, few, say_once),
            "64 chats": await talks("memory", 64, many, say_once),
            "1,000 chats": await talks("memory", 1_000, many, say_once),
        },
        "in memory, command, question and answer": {
            "1 chat": await talks("memory", 1, few // 2, answer_once),
            "64 chats": await talks("memory", 64, many // 4, answer_once),
            "1,000 chats": await talks("memory", 1_000, many // 4, answer_once),
        },
        "64 chats, while the handler of another hangs": await beside_one_that_hangs(many // 4),
        "over a relay, echo": over_relay,
        "memory of a conversation that waits, KiB": await waiting(500 if quick else 10_000),
    }


def start_up(times: int) -> int:
    """Return the median of the processor time that a process needs until it has a bot."""
    script = "from graphchat_bots import Bot; Bot('echo')"
    spent = []
    for _ in range(times):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", script], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return round(median(spent) * 1000)


def echo(hang: asyncio.Event | None = None) -> Bot:
    bot = Bot("echo", limits=UNPACED)

    @bot.command()
    async def name(ctx: Ctx) -> str:
        return await ctx.ask("Name?")

    @bot.message()
    async def again(msg: Message) -> str:
        if hang is not None and msg.text == "hang":
            await hang.wait()
        return msg.text

    return bot


async def say_once(person: Person) -> None:
    await person.says("hello")


async def answer_once(person: Person) -> None:
    await person.says("/name")
    await person.says("Ann")


async def talks(level: Level, people: int, count: int, talk: Talk) -> Figures:
    """Let ``people`` talk at the same time, each with one message in flight."""
    with TemporaryDirectory(prefix="graphchat-bench-") as folder:
        async with echo().testing(Path(folder), level) as world:
            persons = [world.person(str(number)) for number in range(people)]
            for person in persons:
                await person.joins()
            return await measured(persons, max(count // people, 1), talk)


async def measured(persons: list[Person], rounds: int, talk: Talk) -> Figures:
    times: list[float] = []

    async def go(person: Person) -> None:
        for _ in range(rounds):
            begin = time.perf_counter()
            await talk(person)
            times.append(time.perf_counter() - begin)

    start, spent = time.perf_counter(), time.process_time()
    await asyncio.gather(*map(go, persons))
    passed, spent = time.perf_counter() - start, time.process_time() - spent
    return {
        "round trips/s": round(len(times) / passed),
        "median, ms": round(median(times) * 1000, 2),
        "p99, ms": round(quantiles(times, n=100, method="inclusive")[-1] * 1000, 2),
        "processor, ms each": round(spent / len(times) * 1000, 2),
    }


async def echoes(people: int, count: int, in_flight: int) -> int:
    """Return how many messages a second come back where each has several under way."""
    with TemporaryDirectory(prefix="graphchat-bench-") as folder:
        async with echo().testing(Path(folder)) as world:
            persons = [world.person(str(number)) for number in range(people)]
            for person in persons:
                await person.joins()
            rounds = max(count // people // in_flight, 1)
            start = time.perf_counter()
            await asyncio.gather(*(flood(person, rounds, in_flight) for person in persons))
            return round(people * rounds * in_flight / (time.perf_counter() - start))


async def flood(person: Person, rounds: int, in_flight: int) -> None:
    for _ in range(rounds):
        await asyncio.gather(*(person.sends("hello") for _ in range(in_flight)))
        heard = 0
        while heard < in_flight:
            heard += len(await person.hears())


async def beside_one_that_hangs(count: int) -> Figures:
    """As `talks`; compare with the same number of chats where none hangs."""
    hang = asyncio.Event()
    with TemporaryDirectory(prefix="graphchat-bench-") as folder:
        async with echo(hang).testing(Path(folder)) as world:
            await world.person("slow").sends("hang")
            persons = [world.person(str(number)) for number in range(64)]
            for person in persons:
                await person.joins()
            figures = await measured(persons, max(count // 64, 1), say_once)
            hang.set()
            return figures


async def waiting(count: int) -> float:
    """Return what one more question that nobody has answered takes of the bot's memory.

    With what the network in memory keeps of the chat: some of it is not the bot's.
    """
    with TemporaryDirectory(prefix="graphchat-bench-") as folder:
        async with echo().testing(Path(folder)) as world:
            persons = [world.person(str(number)) for number in range(count)]
            for person in persons:
                await person.joins()
            gc.collect()
            tracemalloc.start()
            for person in persons:
                await person.sends("/name")
            await world.settle()
            gc.collect()
            taken, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            return round(taken / count / 1024, 1)
