"""Who is let in to a queue: one look-up and one verification each, whatever is wrong."""

import asyncio
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from graphchat.errors import RateError, UnauthorizedError
from graphchat.ids import QueueId
from graphchat.wire.uri import ID_BYTES
from graphchat_relay.auth import Proof, allows, id_hash
from graphchat_relay.buckets import Bucket, Buckets
from graphchat_relay.service.keeper import DAY
from graphchat_relay.service.queues import LiveQueue
from graphchat_relay.service.replicas import Replicas
from graphchat_relay.service.shared import Shared
from graphchat_relay.store import QueueRow

# Verifications in a row, before others have their turn.
STRETCH: Final = 16
# Seconds whose worth of queues may be created at once.
BURST: Final = 10


class Doors:
    def __init__(self, shared: Shared, replicas: Replicas | None) -> None:
        self._shared = shared
        self._replicas = replicas
        everybody, each = shared.limits.creations_per_second, shared.limits.creations_per_token
        self._creations = Bucket(shared.clock, everybody, max(1.0, BURST * everybody))
        self._by_ticket = Buckets(shared.clock, each, max(1.0, BURST * each))

    @property
    def today(self) -> int:
        return int(self._shared.clock.now()) // DAY

    async def create(
        self, key: bytes, proof: Proof, *, ticket: bytes | None
    ) -> tuple[QueueId, QueueId]:
        """Make a queue; return the recipient's and the sender's id.

        ``ticket`` is what `Site.ticket` returned. Raises `UnauthorizedError`, `RateError`.
        """
        shared = self._shared
        if not allows(key, proof) or ticket is None:
            shared.metrics.refused += 1
            raise UnauthorizedError
        self._count(ticket)
        recipient, sender = (QueueId(shared.clock.random(ID_BYTES)) for _ in range(2))
        hashes = (sha256(recipient).digest(), sha256(sender).digest())
        await shared.store.create(QueueRow(0, *hashes, key, b"", self.today))
        shared.metrics.created += 1
        return recipient, sender

    def _count(self, ticket: bytes) -> None:
        """Count one more. Raises `RateError` if it is too many, by this token or at all."""
        buckets = [self._creations]
        if ticket:
            buckets.append(self._by_ticket.of(ticket))
        wait = max(bucket.wait() for bucket in buckets)
        if wait > 0:
            self._shared.metrics.over_rate += 1
            raise RateError(retry_after=max(1.0, wait))
        for bucket in buckets:
            bucket.take()

    async def recipients(self, proofs: Sequence[Proof]) -> list[LiveQueue | None]:
        """Return, held, the queues that these proofs open to their recipients."""
        store = self._shared.store
        hashes = [id_hash(proof.name) for proof in proofs]
        rows = await store.by_recipient(hashes)
        granted: list[QueueRow | None] = []
        for turn, (row, proof) in enumerate(_pairs(rows, hashes, proofs), 1):
            granted.append(row if allows(row.recipient_key if row else b"", proof) else None)
            if turn % STRETCH == 0:
                await asyncio.sleep(0)
        stale = [row.key for row in granted if row and not row.sender_key and row.day < self.today]
        if stale:
            await store.renew(stale, self.today)
        return await self.admit(granted)

    async def senders(self, proofs: Sequence[Proof]) -> list[LiveQueue | None]:
        """Return, held, the queues that these proofs open to their senders."""
        hashes = [id_hash(proof.name) for proof in proofs]
        rows = await self._shared.store.by_sender(hashes)
        granted: list[QueueRow | None] = []
        for turn, (row, proof) in enumerate(_pairs(rows, hashes, proofs), 1):
            allowed = allows(row.sender_key if row else b"", proof)
            if row and not row.sender_key:
                allowed = not proof.signature
            granted.append(row if allowed else None)
            if turn % STRETCH == 0:
                await asyncio.sleep(0)
        return await self.admit(granted)

    async def admit(self, granted: Sequence[QueueRow | None]) -> list[LiveQueue | None]:
        """Return, held, the queues of these rows; None for what was not granted, or is gone."""
        live = self._shared.live
        rows = {row.key: row for row in granted if row}
        if self._replicas is not None:
            # What a sender was told elsewhere comes before what it says here.
            await self._replicas.reconcile(list(filter(None, map(live.get, rows))))
        queues = await live.open(list(rows.values())) if rows else {}
        found = [queues.get(row.key) if row else None for row in granted]
        # The same queue twice in one batch is held twice.
        for queue in queues.values():
            queue.holds += found.count(queue) - 1
        self._shared.metrics.refused += found.count(None)
        return found


def _pairs(
    rows: Mapping[bytes, QueueRow], hashes: Sequence[bytes], proofs: Sequence[Proof]
) -> list[tuple[QueueRow | None, Proof]]:
    return [(rows.get(name), proof) for name, proof in zip(hashes, proofs, strict=True)]
