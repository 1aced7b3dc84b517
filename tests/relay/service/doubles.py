"""The ends of a relay's service: a socket that only remembers, and a store that can fail."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.relay.store.contract import row

from graphchat.clock import Clock, SystemClock
from graphchat.errors import StoreError
from graphchat_relay.limits import Limits
from graphchat_relay.service.queues import Attachment, Entry, LiveQueue, Refusal, Subscription
from graphchat_relay.service.relay import Relay
from graphchat_relay.store import Head, MessageRow, Store
from graphchat_relay.store.memory import MemoryStore


@dataclass(eq=False)
class Ear:
    """A socket that remembers what it was told. It is never too full, unless a test says so."""

    writable: bool = True
    pushed: list[tuple[str, bytes | None]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    readied: list[str] = field(default_factory=list)
    stalled: list[LiveQueue] = field(default_factory=list)

    def push(self, uri: str, entry: Entry) -> None:
        self.pushed.append((entry.id, entry.msg))

    def stall(self, queue: LiveQueue) -> None:
        self.stalled.append(queue)

    def end(self, uri: str) -> None:
        self.ended.append(uri)

    def ready(self, uri: str) -> None:
        self.readied.append(uri)

    @property
    def ids(self) -> list[str]:
        return [name for name, _ in self.pushed]


class Answers(list[Refusal]):
    """What somebody who waits was told."""

    def __call__(self, name: str, refusal: Refusal) -> None:
        self.append(refusal)


class FailingStore(MemoryStore):
    """A medium that fails on command, and tells what was written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.broken = False
        self.unreadable = False
        self.slow = asyncio.Event()
        self.slow.set()
        self.written: list[str] = []
        self.transactions = 0

    async def write(self, added: Sequence[MessageRow], removed: Sequence[int]) -> None:
        self.transactions += 1
        await self.slow.wait()
        if self.broken:
            raise StoreError
        self.written.extend(message.id for message in added)
        await super().write(added, removed)

    async def heads(self, keys: Sequence[int]) -> Sequence[Head]:
        if self.unreadable:
            raise StoreError
        return await super().heads(keys)

    async def probe(self) -> None:
        if self.broken:
            raise StoreError

    async def remove(self, key: int) -> None:
        await self.slow.wait()
        if self.broken:
            raise StoreError
        await super().remove(key)


@dataclass
class World:
    relay: Relay
    store: Store

    async def queue(self, name: str = "one", sender_key: bytes = b"s" * 32) -> LiveQueue:
        """Create a queue, and hold it."""
        created = row(name, sender_key)
        await self.store.create(created)
        return await self.open(name)

    async def open(self, name: str = "one") -> LiveQueue:
        rows = await self.store.by_recipient([row(name).recipient])
        [queue] = (await self.relay.live.open(list(rows.values()))).values()
        return queue

    def send(self, queue: LiveQueue, text: str, name: str = "") -> Answers:
        answers = Answers()
        body = text.encode().ljust(4608)
        self.relay.send([(queue, name or text, body, answers, True)])
        return answers

    def delete(self, queue: LiveQueue, name: str) -> Answers:
        answers = Answers()
        self.relay.delete([(queue, name, "", answers)])
        return answers

    def subscribe(self, queue: LiveQueue, ear: Ear | None = None) -> Ear:
        found = ear or Ear()
        self.relay.subscribe(queue, Subscription(found, f"uri of {queue.key}"))
        return found

    def attach(self, queue: LiveQueue, ear: Ear) -> Attachment:
        return Attachment(ear, f"uri of {queue.key}", queue, Answers(), signed=True)


@asynccontextmanager
async def world(
    store: Store | None = None, limits: Limits | None = None, clock: Clock | None = None
) -> AsyncIterator[World]:
    found = store or MemoryStore()
    relay = Relay(found, clock or SystemClock(), limits)
    async with relay.running():
        yield World(relay, found)


async def settle() -> None:
    """Let everything happen that is about to: time for what waits for it, turns for the rest.

    On a busy machine the time may pass in one turn.
    """
    await asyncio.sleep(0.02)
    for _ in range(100):
        await asyncio.sleep(0)
