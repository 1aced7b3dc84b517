"""A relay that is killed at any moment, again and again: all it has said holds."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

import aiohttp
import pytest
from tests.relay.support import Clients, Talk, envelope
from tests.together.forked import ForkedRelay

from graphchat.wire import rest
from graphchat.wire.frames import decode_server
from graphchat.wire.limits import M, S
from graphchat.wire.socket import (
    Attached,
    Deleted,
    DeleteMessage,
    Push,
    Send,
    Sent,
    ServerObject,
    Session,
    Subscribed,
)

# What a client may see of a relay that dies.
BROKEN: Final = (OSError, aiohttp.ClientError)
IN_FLIGHT: Final = 8
LONGEST: Final = 300
"""Acknowledgements that a relay lives to give."""


async def heard(talk: Talk) -> AsyncIterator[ServerObject]:
    """Yield what the relay says until it dies."""
    async for frame in talk.socket:
        if frame.type is aiohttp.WSMsgType.ERROR:
            return
        for found in decode_server(frame.data):
            yield found


@dataclass
class Said:
    """What was asked of the relay about one message, and what it has answered."""

    safe: bool = False
    id: str = ""
    deleting: bool = False
    gone: bool = False


@dataclass
class Queue:
    """A queue under load, and what must be in it."""

    uris: rest.CreatedQueue
    random: Random
    by_rest: bool
    said: dict[int, Said] = field(default_factory=dict[int, Said])
    next: int = 0
    acknowledged: int = 0
    deleted: int = 0

    def message(self) -> tuple[int, bytes]:
        number, self.next = self.next, self.next + 1
        self.said[number] = Said()
        return number, envelope(f"{number}", self.random.choice((S, S, S, M)))

    async def send(self, peers: Clients, talk: Talk) -> None:
        if self.by_rest:
            while True:
                number, body = self.message()
                answer = await peers.rest.send(self.uris, "bob", body)
                self.answered(number, answer.status, 200, 429)
        await talk.say(talk.attach("bob", self.uris.sender_uri))
        waiting = 0
        async for found in heard(talk):
            match found:
                case Attached(ok=True) | Session():
                    pass
                case Sent(id=name, error=error):
                    waiting -= 1
                    self.answered(int(name), error, "", "quota")
                case _:
                    raise AssertionError(found)
            burst = self.random.randint(0, IN_FLIGHT - waiting) if waiting else IN_FLIGHT
            waiting += burst
            sends = [self.message() for _ in range(burst)]
            await talk.say(*(Send(str(n), self.uris.sender_uri, body) for n, body in sends))

    def answered(self, number: int, answer: object, good: object, full: object) -> None:
        assert answer in {good, full}
        if answer == good:
            self.said[number].safe = True
            self.acknowledged += 1
        else:
            del self.said[number]  # nor may it ever come

    async def receive(self, talk: Talk) -> None:
        """Take what comes, and delete the older half of it."""
        await talk.say(talk.subscribe("alice", self.uris.recipient_uri))
        newest, window = -1, list[int]()
        async for found in heard(talk):
            match found:
                case Subscribed(ok=True) | Session():
                    pass
                case Push(message=message):
                    number = self.came(message)
                    assert number > newest, "out of order, or twice"
                    newest = number
                    window.append(number)
                case Deleted(id=name, ok=True):
                    self.said[int(name)].gone = True
                    self.deleted += 1
                case _:
                    raise AssertionError(found)
            if len(window) >= self.random.randint(4, 24):
                window, old = window[len(window) // 2 :], window[: len(window) // 2]
                await self.delete(talk, old)

    async def delete(self, talk: Talk, numbers: list[int]) -> None:
        for number in numbers:
            self.said[number].deleting = True
        uri = self.uris.recipient_uri
        await talk.say(*(DeleteMessage(str(n), uri, self.said[n].id) for n in numbers))

    def came(self, message: rest.Message) -> int:
        """Learn of a message: of one that was sent, not deleted, and always by the same id."""
        number = int(message.msg.rstrip(b"\0"))
        said = self.said[number]
        assert not said.gone, "what was deleted has come again"
        assert said.id in {"", message.id}, "one message has two ids"
        said.id = message.id
        return number

    async def check(self, peers: Clients) -> None:
        """Compare what is in the queue with what the relay has said; go on from there."""
        there = [self.came(message) async for message in self.everything(peers)]
        assert there == sorted(set(there)), "out of order, or twice"
        safe = {n for n, said in self.said.items() if said.safe and not said.deleting}
        assert safe <= set(there), "what was acknowledged is lost"
        self.said = {n: Said(safe=True, id=self.said[n].id) for n in there}

    async def everything(self, peers: Clients) -> AsyncIterator[rest.Message]:
        following = ""
        while True:
            query = f"?fromMessageId={following}" if following else ""
            uri = f"{self.uris.recipient_uri}/messages{query}"
            found = await peers.rest.ask("GET", uri, by="alice")
            assert found.status == 200
            page = rest.decode(rest.MessageList, found.body)
            for message in page.messages:
                yield message
            following = page.next_message_id
            if not following:
                return


@dataclass
class Lives:
    """Queues that are made, secured and deleted all the time."""

    made: dict[str, rest.CreatedQueue] = field(default_factory=dict[str, rest.CreatedQueue])
    gone: dict[str, rest.CreatedQueue] = field(default_factory=dict[str, rest.CreatedQueue])
    unsure: str = ""

    async def go_on(self, peers: Clients) -> None:
        while True:
            queue = await peers.rest.queue("carol", "dave")
            self.made[queue.recipient_uri] = queue
            if len(self.made) > 1:
                uri, queue = next(iter(self.made.items()))
                self.unsure = uri
                assert (await peers.rest.ask("DELETE", uri, by="carol")).status == 200
                self.gone[uri] = self.made.pop(uri)
                self.unsure = ""

    async def check(self, peers: Clients) -> None:
        self.made.pop(self.unsure, None)
        self.unsure = ""
        for queue in self.made.values():
            assert (await peers.rest.send(queue, "dave", envelope("x"))).status == 200
        for queue in [*self.gone.values()][-3:]:
            assert (await peers.rest.send(queue, "dave", envelope("x"))).status == 401


async def check(peers: Clients, queues: list[Queue], lives: Lives) -> None:
    for queue in queues:
        await queue.check(peers)
    await lives.check(peers)


def said(queues: list[Queue]) -> int:
    """Return how many messages were acknowledged."""
    return sum(queue.acknowledged for queue in queues)


async def until_killed(work: Awaitable[None]) -> None:
    with suppress(*BROKEN):
        await work


# The client may forget a connection whose relay dies while it connects.
@pytest.mark.filterwarnings("ignore:Unclosed connection:ResourceWarning")
@pytest.mark.parametrize(
    "runs", [4, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])]
)
async def test_what_a_relay_has_said_holds_after_any_kill(tmp_path: Path, runs: int) -> None:
    random, relay = Random(runs), ForkedRelay(tmp_path)
    async with relay.running() as peers:
        pairs = [await peers.rest.queue("alice", "bob") for _ in range(4)]
    queues = [Queue(uris, Random(place), by_rest=place == 0) for place, uris in enumerate(pairs)]
    lives = Lives()
    for _ in range(runs):
        async with relay.running() as peers:
            await check(peers, queues, lives)
            works: list[Awaitable[None]] = [lives.go_on(peers)]
            for queue in queues:
                works.append(queue.send(peers, await peers.socket()))
                works.append(queue.receive(await peers.socket()))
            async with asyncio.TaskGroup() as tasks:
                for work in works:
                    tasks.create_task(until_killed(work))
                enough = said(queues) + random.randint(0, LONGEST)
                while said(queues) < enough:  # noqa: ASYNC110 - others count
                    await asyncio.sleep(0.001)
                await asyncio.sleep(random.uniform(0, 0.005))
                relay.kill()
    async with relay.running() as peers:
        await check(peers, queues, lives)
    assert all(queue.acknowledged > runs for queue in queues), "each was under load"
    assert sum(queue.deleted for queue in queues) > runs
    assert len(lives.gone) > runs // 4
    gc.collect()  # what is forgotten is found here, and not in another test
