"""Relays that do with chunks what they should not, as a client sees them."""

from collections.abc import Callable, Sequence
from typing import Any, cast, final

from graphchat import Client
from graphchat.crypto.keys import SigningKey
from graphchat.errors import RelayUnreachableError
from graphchat.ids import QueueId
from graphchat.transport.ports import Transport
from graphchat.wire.uri import RelayAddress

Change = Callable[[int, bytes], bytes]
"""Gets how many envelopes came before, and one; returns what is handed on."""


@final
class Meddler:
    """The transport of a client, with hooks. ``base`` says which relay is meant."""

    def __init__(self, transport: Transport, base: str) -> None:
        self._transport = transport
        self._base = base
        self.change: Change = lambda _, envelope: envelope
        self.dead = False
        self.most = 10**9
        """Messages that a list shows."""
        self.puts = 0
        self.fetched: list[str] = []
        self.on_put: Callable[[int], None] = lambda _: None
        self.on_fetch: Callable[[int], None] = lambda _: None

    def of(self, profile: int) -> "Meddler":
        return self

    async def create(self, relay: RelayAddress, key: SigningKey) -> Any:
        self._look(relay)
        return await self._transport.create(relay, key)

    async def put(self, relay: RelayAddress, sender: QueueId, message: bytes) -> None:
        self._look(relay)
        await self._transport.put(relay, sender, message)
        self.puts += 1
        self.on_put(self.puts)

    async def fetch(
        self, relay: RelayAddress, queue: QueueId, key: SigningKey, message_id: str
    ) -> bytes:
        self._look(relay)
        found = await self._transport.fetch(relay, queue, key, message_id)
        self.fetched.append(relay.base)
        self.on_fetch(len(self.fetched))
        if relay.base != self._base:
            return found
        return self.change(self.fetched.count(self._base) - 1, found)

    async def listed(
        self, relay: RelayAddress, queue: QueueId, key: SigningKey
    ) -> Sequence[tuple[str, int]]:
        self._look(relay)
        found = await self._transport.listed(relay, queue, key)
        return found[: self.most] if relay.base == self._base else found

    def _look(self, relay: RelayAddress) -> None:
        if self.dead and relay.base == self._base:
            raise RelayUnreachableError

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def meddle(client: Client, profile: int, relay: str) -> Meddler:
    """Have the calls of an open client for files go by a `Meddler` from here on."""
    context = client.engine.context
    meddler = Meddler(context.transport.of(profile), RelayAddress.parse(relay).base)
    context.transport = cast(Transport, meddler)
    return meddler
