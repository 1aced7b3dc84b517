"""How fast bots answer: without a network, and over a real relay with real encryption.

Everything is durable: an echo is one transaction of the bot, and over the relay the commits of
two clients and of the relay too.
"""

import asyncio
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from graphchat_bots import Bot, Message
from graphchat_bots.limits import Limits
from graphchat_bots.testing.person import Person
from graphchat_bots.testing.world import Level


async def run(quick: bool) -> dict[str, object]:  # noqa: FBT001 - the runner calls it so
    few, many = (200, 2_000) if quick else (2_000, 50_000)
    return {
        "from `import Bot` to a bot, ms": start_up(5 if quick else 20),
        "in memory, dispatches/s": {
            "1 chat, one in flight": await echoes("memory", 1, few, 1),
            "64 chats, one in flight": await echoes("memory", 64, many, 1),
            "64 chats, 16 in flight": await echoes("memory", 64, many, 16),
            "1,000 chats, one in flight": await echoes("memory", 1_000, many, 1),
        },
        "over a relay, round trips/s": {
            "1 person, one in flight": await echoes("relay", 1, few // 2, 1),
            "10 people, one in flight": await echoes("relay", 10, few, 1),
            "10 people, 16 in flight": await echoes("relay", 10, few, 16),
        },
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


def echo() -> Bot:
    # How fast it could be: the pace that one chat gets is another matter.
    bot = Bot("echo", limits=Limits(chat_rate=0))

    @bot.message()
    async def again(msg: Message) -> str:
        return msg.text

    return bot


async def echoes(level: Level, people: int, count: int, in_flight: int) -> int:
    """Return how many messages a second come back to ``people`` who talk at the same time."""
    with TemporaryDirectory(prefix="graphchat-bench-") as folder:
        async with echo().testing(Path(folder), level) as world:
            persons = [world.person(str(number)) for number in range(people)]
            for person in persons:
                await person.joins()
            rounds = max(count // people // in_flight, 1)
            start = time.perf_counter()
            await asyncio.gather(*(talk(person, rounds, in_flight) for person in persons))
            return round(people * rounds * in_flight / (time.perf_counter() - start))


async def talk(person: Person, rounds: int, in_flight: int) -> None:
    for _ in range(rounds):
        await asyncio.gather(*(person.sends("hello") for _ in range(in_flight)))
        heard = 0
        while heard < in_flight:
            heard += len(await person.hears())
