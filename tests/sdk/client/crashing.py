"""Clients that die: at a chosen commit or call of the network, with nothing said or stored after.

A `Fuse` counts the boundaries at which a process can end so that it makes a difference: after
each commit, and before and after each call to a relay. When it blows, the client does nothing
any more; `die` then closes its files, and the same files can be opened again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar, cast, final

from graphchat import Client
from graphchat.crypto.keys import SigningKey
from graphchat.errors import StoreError
from graphchat.ids import QueueId
from graphchat.store import Cursor, Database
from graphchat.transport.ports import Link, Listener, NewQueue, Transport
from graphchat.wire.uri import RelayAddress

T = TypeVar("T")


@final
class Fuse:
    """Blows at the boundary with number ``at``, counted from 1; never for 0.

    Or it blows once a call to a relay with the name ``after`` has got through.
    """

    def __init__(self, at: int = 0, after: str = "") -> None:
        self.at = at
        self.after = after
        self.passed = 0
        self.disk_full = False
        self.blown = asyncio.Event()

    def boundary(self) -> None:
        if not self.blown.is_set():
            self.passed += 1
            if self.passed == self.at:
                self.blown.set()

    async def around(self, call: Awaitable[T], *, before: bool = True) -> T:
        """Await ``call`` between two boundaries; do not return from a blown one."""
        if before:
            self.boundary()
        if self.blown.is_set():
            cast(Any, call).close()
            await asyncio.Future[None]()
        result = await call
        self.boundary()
        if cast(Any, call).__name__ == self.after:
            self.blown.set()
        if self.blown.is_set():
            await asyncio.Future[None]()
        return result

    def call(self, function: Callable[..., None], *args: object) -> None:
        """Do what returns at once, behind a boundary: what follows it has one of its own."""
        self.boundary()
        if not self.blown.is_set():
            function(*args)


@final
class FusedDatabase:
    """The part of `Database` that a running client uses."""

    def __init__(self, database: Database, fuse: Fuse) -> None:
        self._database = database
        self._fuse = fuse

    async def write(self, work: Callable[[Cursor], T]) -> T:
        if self._fuse.disk_full:
            raise StoreError
        return await self._fuse.around(self._database.write(work), before=False)

    async def read(self, work: Callable[[Cursor], T]) -> T:
        return await self._database.read(work)


@final
class FusedLink:
    def __init__(self, link: Link, fuse: Fuse) -> None:
        self._link = link
        self._fuse = fuse

    @property
    def connected(self) -> bool:
        return self._link.connected

    def subscribe(self, queue: QueueId, key: SigningKey) -> None:
        self._fuse.call(self._link.subscribe, queue, key)

    def unsubscribe(self, queue: QueueId) -> None:
        self._link.unsubscribe(queue)

    def send(
        self, sender: QueueId, key: SigningKey | None, envelope: bytes, tag: int, request_id: str
    ) -> None:
        self._fuse.call(self._link.send, sender, key, envelope, tag, request_id)

    def delete(self, queue: QueueId, message_id: str) -> None:
        self._fuse.call(self._link.delete, queue, message_id)

    async def run(self) -> None:
        await self._link.run()


@final
class FusedTransport:
    def __init__(self, transport: Transport, fuse: Fuse) -> None:
        self._transport = transport
        self._fuse = fuse

    def of(self, profile: int) -> Transport:
        return FusedTransport(self._transport.of(profile), self._fuse)

    async def create(self, relay: RelayAddress, key: SigningKey) -> NewQueue:
        return await self._fuse.around(self._transport.create(relay, key))

    async def secure(
        self, relay: RelayAddress, queue: QueueId, key: SigningKey, sender: bytes
    ) -> None:
        await self._fuse.around(self._transport.secure(relay, queue, key, sender))

    async def remove(self, relay: RelayAddress, queue: QueueId, key: SigningKey) -> None:
        await self._fuse.around(self._transport.remove(relay, queue, key))

    async def put(self, relay: RelayAddress, sender: QueueId, message: bytes) -> None:
        await self._fuse.around(self._transport.put(relay, sender, message))

    async def fetch(
        self, relay: RelayAddress, queue: QueueId, key: SigningKey, message_id: str
    ) -> bytes:
        return await self._fuse.around(self._transport.fetch(relay, queue, key, message_id))

    async def listed(
        self, relay: RelayAddress, queue: QueueId, key: SigningKey
    ) -> Sequence[tuple[str, int]]:
        return await self._fuse.around(self._transport.listed(relay, queue, key))

    async def identify(self, relay: RelayAddress) -> None:
        await self._transport.identify(relay)

    def link(self, relay: RelayAddress, listener: Listener) -> Link:
        return FusedLink(self._transport.link(relay, listener), self._fuse)

    async def close(self) -> None:
        await self._transport.close()


def fuse_up(client: Client, fuse: Fuse) -> None:
    """Have the commits and calls of an open client go by ``fuse`` from here on."""
    engine = client.engine
    engine.context.database = cast(Database, FusedDatabase(engine.context.database, fuse))
    engine.context.transport = FusedTransport(engine.context.transport, fuse)
    for entry in engine.links._entries.values():
        entry.link = FusedLink(entry.link, fuse)


async def die(client: Client) -> None:
    """End ``client`` without a word: no farewell, no commit. Its files are closed."""
    engine = client.engine
    tasks = [
        *([engine._loop] if engine._loop else []),
        *engine.worker._tasks,
        *engine.receiver._tasks,
        *engine.uploads._tasks.values(),
        *(entry.task for entry in engine.links.entries if entry.task is not None),
    ]
    for task in tasks:
        task.cancel()
    engine._closed, engine._loop = True, None
    await asyncio.gather(*tasks, return_exceptions=True)
    await client.__aexit__(None, None, None)
