"""Replicas of one relay on one PostgreSQL: whichever a client comes to, it is the same relay."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

import aiohttp
import pytest
from tests.postgres import Postgres
from tests.relay.support import Clients, Talk, clients, envelope
from tests.together.test_relay_kill import killed, started

from graphchat.wire import rest
from graphchat.wire.socket import (
    Attached,
    Deleted,
    DeleteMessage,
    End,
    Push,
    Send,
    Sent,
    Subscribed,
)

# What a client may see of a replica that dies.
BROKEN: Final = (OSError, aiohttp.ClientError, AssertionError, TimeoutError)


@asynccontextmanager
async def replicas(folder: Path, dsn: str, count: int = 2) -> AsyncIterator[list["Replica"]]:
    found = [Replica(folder / f"{number}", dsn) for number in range(count)]
    try:
        for replica in found:
            await replica.start()
        yield found
    finally:
        for replica in found:
            await replica.kill()


class Replica:
    """A process that keeps its port when it is started again."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self._folder, self._dsn, self._port = folder, dsn, "0"
        self._process: asyncio.subprocess.Process | None = None
        self.uri = ""

    async def start(self) -> None:
        options = ("--port", self._port, "--store", self._dsn, "--config", str(self._settings()))
        self._process, self.uri = await started(self._folder, *options)
        self._port = self.uri.rpartition(":")[2].partition("/")[0]

    def _settings(self) -> Path:
        self._folder.mkdir(exist_ok=True)
        path = self._folder / "relay.toml"
        path.write_text("private_port = 0\n")
        return path

    async def kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await killed(process)


@asynccontextmanager
async def joined(*found: Replica) -> AsyncIterator[list[Clients]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(clients(replica.uri)) for replica in found]


@asynccontextmanager
async def opened(peers: Clients, queue: rest.CreatedQueue, who: str) -> AsyncIterator[Talk]:
    """Open a queue to Alice, who receives, or to Bob, who sends, on a socket of its own."""
    talk = await peers.socket()
    try:
        if who == "alice":
            await talk.say(talk.subscribe(who, queue.recipient_uri))
        else:
            await talk.say(talk.attach(who, queue.sender_uri))
        answer = await talk.hear()
        assert isinstance(answer, Subscribed | Attached)
        assert answer.ok
        yield talk
    finally:
        await talk.socket.close()


async def sent(talk: Talk, queue: rest.CreatedQueue, name: str) -> None:
    """Send a message whose body is its name; return once it is acknowledged."""
    await talk.say(Send(name, queue.sender_uri, envelope(name)))
    while not (isinstance(answer := await talk.hear(), Sent) and answer.id == name):
        pass
    assert answer.ok


async def pushed(talk: Talk) -> tuple[str, str]:
    """Return the id of the next message, and what it says."""
    while not isinstance(found := await talk.hear(), Push):
        pass
    return found.message.id, found.message.msg.rstrip(b"\0").decode()


async def test_replicas_are_one_relay(postgres: Postgres, tmp_path: Path) -> None:
    async with (
        replicas(tmp_path, postgres.database()) as (first, second),
        joined(first, second) as (one, two),
    ):
        assert one.address.fingerprint == two.address.fingerprint
        queue = await one.rest.queue("alice", "bob")
        async with opened(one, queue, "alice") as reader, opened(two, queue, "bob") as sender:
            await sent(sender, queue, "live")
            name, text = await pushed(reader)
            assert text == "live"
            # Whoever subscribes last reads, wherever.
            async with opened(two, queue, "alice") as other:
                assert isinstance(await reader.hear(), End)
                assert await pushed(other) == (name, "live")
                await other.say(DeleteMessage("d", queue.recipient_uri, name))
                assert isinstance(await other.hear(), Deleted)
                # What the one stores and deletes, the other lists and misses.
                await sent(sender, queue, "again")
                [listed] = await one.rest.list(queue, "alice")
                assert listed.msg == envelope("again")
                gone = await one.rest.ask("DELETE", queue.recipient_uri, by="alice")
                assert gone.status == 200
                assert isinstance(await other.hear(), Push)
                assert isinstance(await other.hear(), End)
        assert (await two.rest.send(queue, "bob", envelope("late"))).status == 401


async def test_what_a_replica_acknowledged_before_it_was_killed_comes_from_the_other(
    postgres: Postgres, tmp_path: Path
) -> None:
    async with (
        replicas(tmp_path, postgres.database()) as (first, second),
        joined(first, second) as (one, two),
    ):
        queue = await one.rest.queue("alice", "bob")
        async with opened(one, queue, "bob") as sender:
            for number in range(20):
                await sent(sender, queue, f"{number}")
            await first.kill()
        async with opened(two, queue, "alice") as reader:
            assert [(await pushed(reader))[1] for _ in range(20)] == [f"{n}" for n in range(20)]


@dataclass
class Traffic:
    """One queue under load, at replicas that come and go."""

    queue: rest.CreatedQueue
    replicas: list[Replica]
    random: Random
    acknowledged: int = 0
    received: list[int] = field(default_factory=list[int])
    stop: bool = False

    @property
    def is_complete(self) -> bool:
        return len(set(self.received)) >= self.acknowledged

    async def send(self) -> None:
        while not self.stop:
            with suppress(*BROKEN):
                async with (
                    joined(self.random.choice(self.replicas)) as [peers],
                    opened(peers, self.queue, "bob") as talk,
                ):
                    while not self.stop:
                        await sent(talk, self.queue, f"{self.acknowledged}")
                        self.acknowledged += 1
            await asyncio.sleep(0.05)

    async def receive(self) -> None:
        while True:
            with suppress(*BROKEN):
                async with (
                    joined(self.random.choice(self.replicas)) as [peers],
                    opened(peers, self.queue, "alice") as talk,
                ):
                    await self._read(talk)
            await asyncio.sleep(0.05)

    async def _read(self, talk: Talk) -> None:
        while True:
            name, text = await pushed(talk)
            self.received.append(int(text))
            await talk.say(DeleteMessage(name, self.queue.recipient_uri, name))
            if self.random.random() < 0.002:
                return  # and come back elsewhere


@pytest.mark.parametrize(
    "seconds", [4, pytest.param(600, marks=[pytest.mark.slow, pytest.mark.timeout(900)])]
)
async def test_kills_at_random_lose_nothing_that_was_acknowledged(
    postgres: Postgres, tmp_path: Path, seconds: int
) -> None:
    random = Random(seconds)
    async with replicas(tmp_path, postgres.database()) as found:
        async with joined(found[0]) as [peers]:
            queues = [await peers.rest.queue("alice", "bob") for _ in range(6)]
        traffic = [Traffic(queue, found, Random(number)) for number, queue in enumerate(queues)]
        async with asyncio.TaskGroup() as tasks:
            senders = [tasks.create_task(each.send()) for each in traffic]
            readers = [tasks.create_task(each.receive()) for each in traffic]
            until = asyncio.get_running_loop().time() + seconds
            while asyncio.get_running_loop().time() < until:
                await asyncio.sleep(random.uniform(0.5, 2.0))
                victim = random.choice(found)
                await victim.kill()
                await asyncio.sleep(random.uniform(0, 0.5))
                await victim.start()
            for each in traffic:
                each.stop = True
            await asyncio.wait(senders)
            async with asyncio.timeout(60):
                while not all(each.is_complete for each in traffic):  # noqa: ASYNC110 - a network
                    await asyncio.sleep(0.05)
            for reader in readers:
                reader.cancel()
    for each in traffic:
        assert each.acknowledged > 0
        # What was not acknowledged may have come too; nothing that was is missing.
        first_time = list(dict.fromkeys(each.received))
        assert first_time[: each.acknowledged] == list(range(each.acknowledged))
        assert first_time == sorted(first_time)
