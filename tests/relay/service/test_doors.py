from hashlib import sha256

import pytest
from tests.relay.service.doubles import world
from tests.relay.support import key

from graphchat.errors import RateError, UnauthorizedError
from graphchat.wire.base64url import to_text
from graphchat_relay.auth import Proof
from graphchat_relay.limits import Limits
from graphchat_relay.store.memory import MemoryStore

ALICE, BOB, EVE = key("alice"), key("bob"), key("eve")


def proof(name: bytes, who: object = ALICE, data: bytes = b"data") -> Proof:
    return Proof(to_text(name), data, who.sign(data))  # type: ignore[attr-defined] # a signing key


async def test_what_is_created_is_found_by_its_keys() -> None:
    async with world() as w:
        recipient, sender = await w.relay.create(ALICE.public, proof(b"", ALICE), welcome=True)
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
            await w.relay.create(ALICE.public, proof(b""), welcome=False)
        with pytest.raises(UnauthorizedError):
            await w.relay.create(ALICE.public, proof(b"", EVE), welcome=True)
        await w.relay.create(ALICE.public, proof(b""), welcome=True)
        with pytest.raises(RateError):
            await w.relay.create(ALICE.public, proof(b""), welcome=True)


async def test_the_store_knows_hashes_of_ids_only() -> None:
    store = MemoryStore()
    async with world(store) as w:
        recipient, sender = await w.relay.create(ALICE.public, proof(b""), welcome=True)
    found = await store.by_recipient([sha256(recipient).digest()])
    [row] = found.values()
    assert row.sender == sha256(sender).digest()
    assert bytes(recipient) not in b"".join([row.recipient, row.sender, row.recipient_key])
