"""The contract between a client and relays, over every transport and a real relay."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import cast

import pytest
from tests.sdk.transport.scripted import Recorder, until

from graphchat.clock import SystemClock
from graphchat.crypto.keys import SigningKey
from graphchat.errors import (
    BadRequestError,
    QuotaError,
    RelayIdentityError,
    RelayUnreachableError,
    UnauthorizedError,
)
from graphchat.ids import Fingerprint, QueueId
from graphchat.secret import Secret
from graphchat.testing import TestRelay, relay as running_relay
from graphchat.testing.proxy import FaultProxy
from graphchat.transport import Delivery, HttpTransport, Link, NewQueue, Transport
from graphchat.wire.limits import XXL, L, M, S
from graphchat.wire.uri import RelayAddress

CLOCK = SystemClock()


@dataclass
class Pair:
    """A recipient and a sender, each with a link of its own, and a queue between them."""

    relay: TestRelay
    address: RelayAddress
    transport: Transport
    recipient: SigningKey
    sender: SigningKey
    queue: NewQueue
    inbox: Recorder
    incoming: Link
    outbox: Recorder
    outgoing: Link

    async def secured(self) -> "Pair":
        await self.transport.secure(
            self.address, self.queue.recipient, self.recipient, self.sender.public
        )
        return self

    def subscribe(self) -> None:
        self.incoming.subscribe(self.queue.recipient, self.recipient)

    def send(self, tag: int, size: int = S, request_id: str = "") -> None:
        body = tag.to_bytes(2, "big") * (size // 2)
        name = request_id or f"request-{tag}"
        self.outgoing.send(self.queue.sender, self.sender, body, tag, name)

    async def sent(self, tag: int, size: int = S, request_id: str = "") -> str | None:
        """Return the name of the error, or None."""
        before = len(self.outbox.all("answered"))
        self.send(tag, size, request_id)
        await until(lambda: len(self.outbox.all("answered")) > before)
        [_, answered, error] = self.outbox.all("answered")[-1]
        assert answered == tag
        return cast("str | None", error)

    @property
    def deliveries(self) -> list[Delivery]:
        return [
            found
            for event in self.inbox.all("received")
            for found in event[1:]
            if isinstance(found, Delivery)
        ]

    async def delivered(self, count: int) -> list[Delivery]:
        await until(lambda: len(self.deliveries) >= count)
        return self.deliveries


@asynccontextmanager
async def paired(**settings: object) -> AsyncIterator[Pair]:
    async with running_relay(**settings) as relay:  # type: ignore[arg-type] # settings are of all kinds
        address = RelayAddress.parse(relay.uri)
        transport = HttpTransport(CLOCK, reconnect_delay=(0.02, 0.1))
        recipient, sender = SigningKey.generate(CLOCK), SigningKey.generate(CLOCK)
        queue = await transport.create(address, recipient)
        inbox, outbox = Recorder(), Recorder()
        links = [transport.link(address, inbox), transport.link(address, outbox)]
        tasks = [asyncio.create_task(link.run()) for link in links]
        try:
            await until(lambda: all(link.connected for link in links))
            yield Pair(
                relay,
                address,
                transport,
                recipient,
                sender,
                queue,
                inbox,
                links[0],
                outbox,
                links[1],
            )
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await transport.close()


@pytest.mark.parametrize("tls", [False, True])
async def test_an_envelope_is_sent_received_and_deleted(*, tls: bool) -> None:
    async with paired(tls_self_signed=tls) as pair:
        assert pair.address.base.startswith("https:" if tls else "http:")
        await pair.secured()
        pair.subscribe()
        assert await pair.sent(1) is None
        [delivery] = await pair.delivered(1)
        assert delivery == Delivery(pair.queue.recipient, delivery.id, S, b"\0\1" * (S // 2))
        pair.incoming.delete(delivery.queue, delivery.id)
        await until(lambda: pair.relay.metrics["deleted"] == 1)


async def test_an_open_queue_takes_unsigned_envelopes_until_its_quota() -> None:
    async with paired(open_quota_messages=3) as pair:
        for _ in range(3):
            await pair.transport.put(pair.address, pair.queue.sender, bytes(M))
        with pytest.raises(QuotaError):
            await pair.transport.put(pair.address, pair.queue.sender, bytes(M))
        pair.subscribe()
        deliveries = await pair.delivered(3)
        assert [found.message for found in deliveries] == [bytes(M)] * 3


@pytest.mark.parametrize("size", [L, XXL])
async def test_a_long_envelope_is_announced_and_fetched(size: int) -> None:
    async with paired() as pair:
        await pair.secured()
        pair.subscribe()
        assert await pair.sent(7, size) is None
        [delivery] = await pair.delivered(1)
        assert (delivery.size, delivery.message) == (size, None)
        fetch = (pair.address, pair.queue.recipient, pair.recipient, delivery.id)
        assert await pair.transport.fetch(*fetch) == b"\0\7" * (size // 2)
        with pytest.raises(UnauthorizedError):
            await pair.transport.fetch(*fetch[:2], pair.sender, delivery.id)


async def test_a_queue_that_is_not_secured_yet_is_attached_to_when_it_is() -> None:
    async with paired() as pair:
        assert await pair.sent(1) == "UnauthorizedError"
        assert await pair.sent(2) == "UnauthorizedError"
        await pair.secured()
        assert await pair.sent(3) is None


async def test_securing_twice_with_one_key_is_fine_and_with_another_is_not() -> None:
    async with paired() as pair:
        await pair.secured()
        await pair.secured()
        pair.sender = SigningKey.generate(CLOCK)
        with pytest.raises(UnauthorizedError):
            await pair.secured()
        with pytest.raises(UnauthorizedError):
            await pair.transport.put(pair.address, pair.queue.sender, bytes(S))


async def test_a_full_queue_says_so_and_later_that_there_is_room() -> None:
    async with paired(quota_messages=2) as pair:
        await pair.secured()
        assert [await pair.sent(tag) for tag in (1, 2, 3)] == [None, None, "QuotaError"]
        pair.subscribe()
        for delivery in await pair.delivered(2):
            pair.incoming.delete(delivery.queue, delivery.id)
        await until(lambda: pair.outbox.all("ready"))
        assert pair.outbox.all("ready") == [("ready", pair.queue.sender)]
        assert await pair.sent(3) is None


async def test_a_repeated_request_is_stored_once() -> None:
    async with paired() as pair:
        await pair.secured()
        assert await pair.sent(1, request_id="same") is None
        assert await pair.sent(1, request_id="same") is None
        assert await pair.sent(2) is None
        pair.subscribe()
        assert len(await pair.delivered(2)) == 2
        await asyncio.sleep(0.05)
        assert len(pair.deliveries) == 2


async def test_a_second_subscriber_ends_the_first() -> None:
    async with paired() as pair:
        pair.subscribe()
        await pair.secured()
        assert await pair.sent(1) is None
        await pair.delivered(1)
        pair.outgoing.subscribe(pair.queue.recipient, pair.recipient)
        await until(lambda: pair.inbox.all("ended"))
        assert pair.inbox.all("ended") == [("ended", pair.queue.recipient)]
        await until(lambda: pair.outbox.all("received"))


async def test_a_removed_queue_is_gone_for_everybody() -> None:
    async with paired() as pair:
        await pair.secured()
        assert await pair.sent(1) is None
        remove = (pair.address, pair.queue.recipient, pair.recipient)
        await pair.transport.remove(*remove)
        with pytest.raises(UnauthorizedError):
            await pair.transport.remove(*remove)
        pair.subscribe()
        await until(lambda: pair.inbox.all("refused"))
        assert pair.inbox.all("refused") == [
            ("refused", pair.queue.recipient, "UnauthorizedError")
        ]
        assert await pair.sent(2) == "UnauthorizedError"


async def test_a_queue_of_somebody_else_is_refused() -> None:
    async with paired() as pair:
        pair.incoming.subscribe(pair.queue.recipient, pair.sender)
        pair.incoming.subscribe(QueueId(bytes(18)), pair.recipient)
        await until(lambda: len(pair.inbox.all("refused")) == 2)


async def test_an_envelope_of_a_wrong_length_is_a_bad_request() -> None:
    async with paired() as pair:
        with pytest.raises(BadRequestError):
            await pair.transport.put(pair.address, pair.queue.sender, bytes(S + 1))
        await pair.secured()
        assert await pair.sent(1, S + 2) == "BadRequestError"
        assert await pair.sent(2) is None


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_after_a_restart_everything_that_was_acknowledged_is_delivered(how: str) -> None:
    async with paired() as pair:
        await pair.secured()
        for tag in range(1, 31):
            pair.send(tag)
        await until(lambda: len(pair.outbox.all("answered")) == 30)
        await getattr(pair.relay, how)()
        await until(lambda: pair.inbox.errors and pair.outbox.errors)
        assert await pair.sent(31) == "RelayUnreachableError"
        await pair.relay.start()
        await until(lambda: pair.incoming.connected and pair.outgoing.connected)
        pair.subscribe()
        assert await pair.sent(31) is None
        deliveries = await pair.delivered(31)
        bodies = [found.message for found in deliveries]
        assert bodies == [tag.to_bytes(2, "big") * (S // 2) for tag in range(1, 32)]


async def test_a_subscription_survives_cuts_and_what_was_not_deleted_comes_again() -> None:
    async with paired() as pair, FaultProxy(pair.address) as proxy:
        await pair.secured()
        link = pair.transport.link(proxy.relay, pair.inbox)
        running = asyncio.create_task(link.run())
        link.subscribe(pair.queue.recipient, pair.recipient)
        assert await pair.sent(1) is None
        [first] = await pair.delivered(1)
        proxy.cut()
        assert [found.id for found in await pair.delivered(2)] == [first.id] * 2
        link.delete(pair.queue.recipient, first.id)
        await until(lambda: pair.relay.metrics["deleted"] == 1)
        proxy.cut()
        assert await pair.sent(2) is None
        assert len({found.id for found in await pair.delivered(3)}) == 2
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_many_queues_share_one_socket() -> None:
    async with paired(creations_per_second=10_000) as pair:
        created = await asyncio.gather(
            *(pair.transport.create(pair.address, pair.recipient) for _ in range(100))
        )
        for queue in created:
            await pair.transport.secure(
                pair.address, queue.recipient, pair.recipient, pair.sender.public
            )
            pair.incoming.subscribe(queue.recipient, pair.recipient)
        for tag, queue in enumerate(created * 10):
            body = tag.to_bytes(2, "big") * (S // 2)
            pair.outgoing.send(queue.sender, pair.sender, body, tag, f"request-{tag}")
        await until(lambda: len(pair.outbox.all("answered")) == 1000)
        assert {event[2] for event in pair.outbox.all("answered")} == {None}
        deliveries = await pair.delivered(1000)
        by_queue: dict[QueueId, list[int]] = {queue.recipient: [] for queue in created}
        for found in deliveries:
            assert found.message is not None
            by_queue[found.queue].append(int.from_bytes(found.message[:2], "big"))
        assert list(by_queue.values()) == [list(range(start, 1000, 100)) for start in range(100)]


async def test_a_relay_with_tokens_makes_queues_for_their_holders_only() -> None:
    async with running_relay(create_tokens=("abc",)) as relay:
        transport = HttpTransport(CLOCK)
        key = SigningKey.generate(CLOCK)
        address = RelayAddress.parse(relay.uri)
        with_token = replace(address, token=Secret(b"abc"))
        assert (await transport.create(with_token, key)).sender
        for wrong in (replace(address, token=None), replace(address, token=Secret(b"xyz"))):
            with pytest.raises(UnauthorizedError):
                await transport.create(wrong, key)
        await transport.close()


@pytest.mark.parametrize("tls", [False, True])
async def test_a_relay_is_identified_by_its_fingerprint(*, tls: bool) -> None:
    async with paired(tls_self_signed=tls) as pair:
        await pair.transport.identify(pair.address)
        stranger = replace(pair.address, fingerprint=Fingerprint(bytes(16)))
        with pytest.raises(RelayIdentityError):
            await pair.transport.identify(stranger)
        nowhere = replace(pair.address, base=f"{pair.address.base}x")
        with pytest.raises(RelayUnreachableError, match="has no relay at this path"):
            await pair.transport.identify(nowhere)
