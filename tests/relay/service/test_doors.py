from hashlib import sha256

import pytest
from tests.relay.service.doubles import world
from tests.relay.support import key

from graphchat.errors import RateError, UnauthorizedError
from graphchat.testing.clock import FakeClock
from graphchat.wire.base64url import to_text
from graphchat_relay.auth import Proof
from graphchat_relay.limits import Limits
from graphchat_relay.store.memory import MemoryStore

ALICE, BOB, EVE = key("alice"), key("bob"), key("eve")


def proof(name: bytes, who: object = ALICE, data: bytes = b"data") -> Proof:
    return Proof(to_text(name), data, who.sign(data))  # type: ignore[attr-defined] # a signing key


async def test_what_is_created_is_found_by_its_keys() -> None:
    async with world() as w:
        recipient, sender = await w.relay.create(ALICE.public, proof(b"", ALICE), ticket=b"")
        [queue] = await w.relay.recipients([proof(recipient)])
        assert queue is not None
        assert await w.relay.senders([Proof(to_text(sender))]) == [queue]
        await w.relay.secure(queue, BOB.public)
        refused = [
            proof(sender, EVE),
            proof(sender, ALICE),
            Proof(to_text(sender)),
            proof(recipient, BOB),
        ]
        assert await w.relay.senders([*refused, proof(sender, BOB)]) == [None] * 4 + [queue]
        assert await w.relay.recipients([proof(recipient, EVE), proof(sender)]) == [None, None]
        with pytest.raises(UnauthorizedError):
            await w.relay.secure(queue, EVE.public)


async def test_creation_needs_a_token_a_signature_and_patience() -> None:
    async with world(limits=Limits(creations_per_second=0.1)) as w:
        with pytest.raises(UnauthorizedError):
            await w.relay.create(ALICE.public, proof(b""), ticket=None)
        with pytest.raises(UnauthorizedError):
            await w.relay.create(ALICE.public, proof(b"", EVE), ticket=b"")
        await w.relay.create(ALICE.public, proof(b""), ticket=b"")
        with pytest.raises(RateError):
            await w.relay.create(ALICE.public, proof(b""), ticket=b"")


async def test_the_store_knows_hashes_of_ids_only() -> None:
    store = MemoryStore()
    async with world(store) as w:
        recipient, sender = await w.relay.create(ALICE.public, proof(b""), ticket=b"")
    found = await store.by_recipient([sha256(recipient).digest()])
    [row] = found.values()
    assert row.sender == sha256(sender).digest()
    assert bytes(recipient) not in b"".join([row.recipient, row.sender, row.recipient_key])


async def test_one_token_does_not_use_up_what_another_may_create() -> None:
    clock = FakeClock()
    limits = Limits(creations_per_second=100, creations_per_token=0.2)
    async with world(limits=limits, clock=clock) as w:

        async def create(ticket: bytes) -> None:
            await w.relay.create(ALICE.public, proof(b""), ticket=ticket)

        for _ in range(2):
            await create(b"greedy")
        with pytest.raises(RateError) as caught:
            await create(b"greedy")
        assert caught.value.retry_after == pytest.approx(5)
        await create(b"modest")
        clock.advance(5)
        await create(b"greedy")
        with pytest.raises(RateError):
            await create(b"greedy")
        assert w.relay.metrics.over_rate == 2


async def test_all_tokens_together_create_no_more_than_the_relay_does() -> None:
    limits = Limits(creations_per_second=0.2, creations_per_token=100)
    async with world(limits=limits, clock=FakeClock()) as w:
        for ticket in (b"a", b"b"):
            await w.relay.create(ALICE.public, proof(b""), ticket=ticket)
        with pytest.raises(RateError):
            await w.relay.create(ALICE.public, proof(b""), ticket=b"c")
