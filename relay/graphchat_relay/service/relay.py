"""The relay itself: what may be done with queues, and what follows from it.

Nothing here waits for a single message: `send` and `delete` return at once, and call back when
the message is on the medium, or gone.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Final

from graphchat.clock import Clock
from graphchat.errors import RateError, StoreError, UnauthorizedError
from graphchat.ids import QueueId
from graphchat.wire.base64url import to_text
from graphchat.wire.limits import IN_FLIGHT, INLINE
from graphchat.wire.uri import ID_BYTES
from graphchat_relay.auth import Proof, Recent, allows, id_hash
from graphchat_relay.limits import Bucket, Limits
from graphchat_relay.metrics import Metrics
from graphchat_relay.service.keeper import DAY, Keeper
from graphchat_relay.service.live import LiveQueues
from graphchat_relay.service.loader import Loader
from graphchat_relay.service.queues import (
    Attachment,
    Done,
    Entry,
    LiveQueue,
    Refusal,
    State,
    Subscription,
)
from graphchat_relay.service.replicas import Peers, Replicas
from graphchat_relay.service.writer import Writer
from graphchat_relay.store import QueueRow, Store

# Verifications in a row, before others have their turn.
STRETCH: Final = 16
# Names of messages that are drawn at once: each call for randomness is one to the kernel.
DRAWN: Final = 256
READABLE: Final = frozenset({State.PENDING, State.WRITING, State.STORED})


class Relay:
    """All queues of one process. Use it inside `running`."""

    def __init__(
        self, store: Store, clock: Clock, limits: Limits | None = None, peers: Peers | None = None
    ) -> None:
        self.limits: Final = limits or Limits()
        self.metrics: Final = Metrics()
        self.live: Final = LiveQueues(store)
        self._store = store
        self._clock = clock
        self._recent: Recent[Entry] = Recent(clock)
        self._creations = Bucket(clock, self.limits.creations_per_second)
        self._writer = Writer(store, self._settled)
        self._loader = Loader(store, self.pump, self.make_room)
        self._keeper = Keeper(store, clock, self)
        self._replicas = None if peers is None else Replicas(peers, self)
        self._removals: set[asyncio.Task[None]] = set()
        self._names: list[str] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve. Raises `graphchat.errors.StoreError` if the store cannot be read."""
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(self._writer.run())
            others = [tasks.create_task(part.run()) for part in (self._loader, self._keeper)]
            if self._replicas is not None:
                others.append(tasks.create_task(self._replicas.run()))
            yield
            self._writer.close()
            await writing
            await asyncio.gather(*self._removals, return_exceptions=True)
            for task in others:
                task.cancel()

    @property
    def healthy(self) -> bool:
        """False while the store cannot be written."""
        return self._writer.healthy

    async def probe(self) -> None:
        """Try to write, and be healthy again. Raises `StoreError` if that fails."""
        await self._writer.probe()

    # Finding queues: one look-up and one verification each, whatever is wrong.

    async def create(self, key: bytes, proof: Proof, *, welcome: bool) -> tuple[QueueId, QueueId]:
        """Make a queue; return the recipient's and the sender's id.

        ``welcome`` tells whether the token was right. Raises `UnauthorizedError`, `RateError`.
        """
        if not (allows(key, proof) and welcome):
            self.metrics.refused += 1
            raise UnauthorizedError
        if not self._creations.take():
            raise RateError(retry_after=1.0)
        recipient, sender = (QueueId(self._clock.random(ID_BYTES)) for _ in range(2))
        hashes = (sha256(recipient).digest(), sha256(sender).digest())
        await self._store.create(QueueRow(0, *hashes, key, b"", self.today))
        self.metrics.created += 1
        return recipient, sender

    async def recipients(self, proofs: Sequence[Proof]) -> list[LiveQueue | None]:
        """Return, held, the queues that these proofs open to their recipients."""
        hashes = [id_hash(proof.name) for proof in proofs]
        rows = await self._store.by_recipient(hashes)
        granted: list[QueueRow | None] = []
        for turn, (name, proof) in enumerate(zip(hashes, proofs, strict=True), 1):
            row = rows.get(name)
            allowed = allows(row.recipient_key if row else b"", proof)
            granted.append(row if allowed else None)
            if turn % STRETCH == 0:
                await asyncio.sleep(0)
        stale = [row.key for row in granted if row and not row.sender_key and row.day < self.today]
        if stale:
            await self._store.renew(stale, self.today)
        return await self._open(granted)

    async def senders(self, proofs: Sequence[Proof]) -> list[LiveQueue | None]:
        """Return, held, the queues that these proofs open to their senders."""
        hashes = [id_hash(proof.name) for proof in proofs]
        rows = await self._store.by_sender(hashes)
        granted: list[QueueRow | None] = []
        for turn, (name, proof) in enumerate(zip(hashes, proofs, strict=True), 1):
            row = rows.get(name)
            allowed = allows(row.sender_key if row else b"", proof)
            if row and not row.sender_key:
                allowed = not proof.signature
            granted.append(row if allowed else None)
            if turn % STRETCH == 0:
                await asyncio.sleep(0)
        return await self._open(granted)

    async def _open(self, granted: Sequence[QueueRow | None]) -> list[LiveQueue | None]:
        rows = {row.key: row for row in granted if row}
        if self._replicas is not None:
            # What a sender was told elsewhere comes before what it says here.
            known = filter(None, map(self.live.get, rows))
            await self._replicas.reconcile(list(known))
        queues = await self.live.open(list(rows.values())) if rows else {}
        found = [queues.get(row.key) if row else None for row in granted]
        # The same queue twice in one batch is held twice.
        for queue in queues.values():
            queue.holds += found.count(queue) - 1
        self.metrics.refused += found.count(None)
        return found

    def release(self, queue: LiveQueue) -> None:
        self.live.release(queue)

    @property
    def today(self) -> int:
        return int(self._clock.now()) // DAY

    # What a recipient may do.

    async def secure(self, queue: LiveQueue, key: bytes) -> None:
        """Let nobody but the holder of ``key`` send. Raises `UnauthorizedError`."""
        if queue.gone or not await self._store.secure(queue.key, key):
            self.metrics.refused += 1
            raise UnauthorizedError
        queue.sender_key = key
        self.live.note(queue)
        self._changed([queue])

    async def remove(self, queue: LiveQueue) -> None:
        """Delete a queue with everything in it."""
        if queue.gone:
            raise UnauthorizedError
        queue.gone = True
        self._abandon([e for e in queue.entries.values() if e.state is State.PENDING], "busy")
        # Whoever asked may leave: what the store has begun it ends, and memory has to follow.
        removal = asyncio.create_task(self._remove(queue))
        self._removals.add(removal)
        removal.add_done_callback(self._removals.discard)
        await asyncio.shield(removal)

    async def _remove(self, queue: LiveQueue) -> None:
        try:
            await self._store.remove(queue.key)
        except StoreError:
            queue.gone = False
            self.make_room(queue)
            raise
        self.forget(queue)
        self._changed([queue])

    def _changed(self, queues: Iterable[LiveQueue]) -> None:
        if self._replicas is not None:
            self._replicas.changed(queues)

    def forget(self, queue: LiveQueue) -> None:
        """Take leave of a queue that is gone from the store."""
        queue.gone = True
        self.live.note(queue)
        subscription = queue.stop_reading()
        if subscription is not None:
            subscription.reader.end(subscription.uri)
        self._abandon(list(queue.entries.values()), "unauthorized")

    def subscribe(self, queue: LiveQueue, subscription: Subscription) -> None:
        """Begin to push, to this subscriber and no longer to another."""
        before = queue.stop_reading()
        if before is not None and before.reader is not subscription.reader:
            before.reader.end(before.uri)
        queue.start_reading(subscription)
        if self._replicas is not None:
            self._replicas.claim(queue)
        self.pump(queue)

    def unsubscribe(self, queue: LiveQueue, reader: object) -> None:
        """End the subscription if it is still that of ``reader``."""
        if queue.subscription is not None and queue.subscription.reader is reader:
            queue.stop_reading()

    def pump(self, queue: LiveQueue) -> None:
        """Push what the window has room for."""
        subscription, unseen = queue.subscription, queue.unseen
        if subscription is None or unseen is None:
            return
        reader = subscription.reader
        while unseen and queue.in_flight < IN_FLIGHT:
            entry = unseen[0]
            if entry.state not in READABLE:
                unseen.popleft()
                continue
            if not reader.writable:
                reader.stall(queue)
                return
            if entry.msg is None and entry.size <= INLINE:
                self._loader.want(queue)
                return
            unseen.popleft()
            entry.pushed = True
            queue.in_flight += 1
            self.metrics.pushed += 1
            reader.push(subscription.uri, entry)
            if entry.state is State.STORED:
                entry.msg = None

    def readable(self, queue: LiveQueue) -> list[Entry]:
        """Return what is in the queue, oldest first."""
        return [entry for entry in queue.entries.values() if entry.state in READABLE]

    async def bodies(self, entries: Sequence[Entry]) -> dict[str, bytes]:
        """Return the envelopes of these messages, as far as they are still there."""
        found = {entry.id: entry.msg for entry in entries if entry.msg is not None}
        rest = [entry for entry in entries if entry.id not in found]
        if rest:
            stored = await self._store.bodies([entry.position for entry in rest])
            found |= {e.id: stored[e.position] for e in rest if e.position in stored}
        return found

    def delete(self, queue: LiveQueue, message_id: str, done: Done) -> None:
        """Delete a message. One that is not there is deleted already."""
        entry = queue.entries.get(message_id)
        if entry is None:
            done("")
            return
        if entry.pushed:
            entry.shown = queue.subscription
        queue.leave_window(entry)
        match entry.state:
            case State.PENDING:
                self.metrics.elided += 1
                self._safe(entry)
                queue.drop(entry)
                self.release(queue)
                done("")
            case State.WRITING:
                entry.state = State.DOOMED
                entry.deleters.append(done)
                self._safe(entry)
            case State.STORED:
                entry.state = State.DELETING
                entry.deleters.append(done)
                queue.holds += 1
                self._writer.remove(entry)
            case State.DOOMED | State.DELETING | State.GONE:
                entry.deleters.append(done)
        self.metrics.deleted += 1
        self.pump(queue)
        self.make_room(queue)

    # What a sender may do.

    def send(self, queue: LiveQueue, name: str, msg: bytes, done: Done, *, signed: bool) -> None:
        """Put an envelope into the queue; ``name`` is the same when the same request comes again.

        ``done`` is called once it is safe: on the medium, or deleted by its recipient.
        """
        if queue.gone or (queue.sender_key and not signed):
            self.metrics.refused += 1
            done("unauthorized")
            return
        digest = self._recent.digest(queue.key, name, msg) if name else b""
        if name and digest in self._recent:
            known = self._recent.get(digest)
            if known is None:
                done("")
            else:
                known.senders.append(done)
            return
        if refusal := self._no_room(queue, len(msg)):
            done(refusal)
            return
        self._accept(queue, msg, digest, done)

    def _name(self) -> str:
        """Return 16 random characters."""
        if not self._names:
            pool = to_text(self._clock.random(12 * DRAWN))
            self._names = [pool[start : start + 16] for start in range(0, len(pool), 16)]
        return self._names.pop()

    def _accept(self, queue: LiveQueue, msg: bytes, digest: bytes, done: Done) -> None:
        name, ts = self._name(), int(self._clock.now())
        entry = Entry(queue, 0, name, ts, len(msg), msg, State.PENDING)
        entry.digest = digest
        entry.senders.append(done)
        queue.add(entry)
        queue.holds += 1
        if digest:
            self._recent.add(digest, entry)
        self.metrics.received += 1
        if queue.unseen is not None:
            queue.unseen.append(entry)
            self.pump(queue)
        self._writer.add(entry)

    def starve(self, attachment: Attachment) -> None:
        """Remember to tell this sender when there is room again."""
        if attachment not in attachment.queue.starved:
            attachment.queue.starved.append(attachment)

    def _is_full(self, queue: LiveQueue, size: int) -> bool:
        limits = self.limits
        count = limits.quota_messages if queue.sender_key else limits.open_quota_messages
        return len(queue.entries) >= count or queue.bytes + size > limits.quota_bytes

    def _no_room(self, queue: LiveQueue, size: int) -> Refusal:
        if self._is_full(queue, size):
            self.metrics.over_quota += 1
            if self._replicas is not None:
                self._replicas.refresh([queue])  # its recipient may delete elsewhere
            return "quota"
        if self._writer.pending_bytes + size > self.limits.pending_bytes:
            return "busy"
        return ""

    def make_room(self, queue: LiveQueue) -> None:
        """Tell those who wait for room, if there is some now."""
        if queue.starved and not queue.gone and not self._is_full(queue, 0):
            waiting, queue.starved = queue.starved, []
            for attachment in waiting:
                attachment.feeder.ready(attachment.uri)

    # What the writer and the keeper report.

    def _settled(self, added: list[Entry], removed: list[Entry], ok: bool) -> None:  # noqa: FBT001 - a callback
        if not ok:
            self.metrics.failures += 1
            self._abandon(added, "busy")
            for entry in removed:
                self._undelete(entry)
            for queue in {entry.queue for entry in added}:
                self.make_room(queue)
            self._keeper.hurry()
            return
        self.metrics.stored += len(added)
        for entry in added:
            self._stored(entry)
        for entry in removed:
            self._deleted(entry)
        self._changed({entry.queue for entry in added if entry.queue.subscription is None})

    def _stored(self, entry: Entry) -> None:
        entry.msg = None
        if entry.state is State.DOOMED:
            entry.state = State.DELETING
            self._writer.remove(entry)
            return
        # Otherwise the queue was removed meanwhile, and everybody was answered.
        if entry.state is State.WRITING:
            entry.state = State.STORED
            self._safe(entry)
            self.release(entry.queue)

    def _deleted(self, entry: Entry) -> None:
        if entry.state is State.GONE:
            return
        queue = entry.queue
        if self._is_full(queue, 0):
            self._changed([queue])  # a sender may wait for room at another replica
        queue.drop(entry)
        deleters, entry.deleters = entry.deleters, []
        for done in deleters:
            done("")
        self.make_room(queue)
        self.release(queue)

    def _undelete(self, entry: Entry) -> None:
        """Keep what the store failed to remove: its recipient must try again."""
        if entry.state is State.GONE:
            return
        entry.state = State.STORED
        entry.queue.put_back(entry)
        deleters, entry.deleters = entry.deleters, []
        for done in deleters:
            done("busy")
        self.pump(entry.queue)
        self.release(entry.queue)

    def _safe(self, entry: Entry) -> None:
        """Answer the sender: the message is on the medium, or its recipient has it."""
        if entry.digest:
            self._recent.settle(entry.digest)
        senders, entry.senders = entry.senders, []
        for done in senders:
            done("")

    def _abandon(self, entries: Collection[Entry], refusal: Refusal) -> None:
        """Drop messages that were never safe."""
        for entry in entries:
            held = entry.state in {State.PENDING, State.WRITING, State.DOOMED, State.DELETING}
            if entry.digest and entry.senders:
                self._recent.forget(entry.digest)
            entry.queue.drop(entry)
            senders, entry.senders = entry.senders, []
            deleters, entry.deleters = entry.deleters, []
            for done in senders:
                done(refusal)
            for done in deleters:
                done("")
            if held:
                self.release(entry.queue)
