"""The queues that somebody uses now, each of them once."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from graphchat_relay.ledger import Ledger
from graphchat_relay.service.queues import Entry, LiveQueue, State
from graphchat_relay.store import Head, QueueRow, Store

# Changes that a row read before them must not undo. Far more than can be under way at once.
NEWS: Final = 10_000


class LiveQueues:
    def __init__(self, store: Store, ledger: Ledger) -> None:
        self._store = store
        self._ledger = ledger
        self._by_key: dict[int, LiveQueue] = {}
        self._by_recipient: dict[bytes, LiveQueue] = {}
        self._news: dict[int, bytes | None] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def get(self, key: int) -> LiveQueue | None:
        return self._by_key.get(key)

    def all(self) -> list[LiveQueue]:
        return list(self._by_key.values())

    def known(self, recipients: Iterable[bytes]) -> list[LiveQueue]:
        """Return those queues with these hashes that are in use here."""
        found = map(self._by_recipient.get, recipients)
        return [queue for queue in found if queue is not None]

    async def open(self, rows: Sequence[QueueRow]) -> dict[int, LiveQueue]:
        """Return the queues of these rows, as far as they still exist, each held once.

        Raises `graphchat.errors.StoreError`.
        """
        missing = [row.key for row in rows if row.key not in self._by_key]
        heads = await self._store.heads(missing) if missing else []
        by_queue: dict[int, list[Head]] = {}
        for head in heads:
            by_queue.setdefault(head.queue, []).append(head)
        found: dict[int, LiveQueue] = {}
        for row in rows:
            # Somebody else may have opened it meanwhile.
            queue = self._by_key.get(row.key) or self._build(row, by_queue.get(row.key, ()))
            if queue is not None and not queue.gone:
                queue.holds += 1
                found[row.key] = queue
        return found

    def release(self, queue: LiveQueue) -> None:
        """Undo one hold. What nobody holds is forgotten."""
        queue.holds -= 1
        if queue.holds == 0 and not queue.gone:
            self._forget(queue)

    def note(self, queue: LiveQueue) -> None:
        """Remember that the row has changed, for those who read it before."""
        self._note(queue.key, None if queue.gone else queue.sender_key)
        if queue.gone:
            self._forget(queue)

    def note_gone(self, key: int) -> None:
        """Remember that there is no such queue any more, though it is not in use."""
        self._note(key, None)

    def _note(self, key: int, sender_key: bytes | None) -> None:
        self._news.pop(key, None)
        self._news[key] = sender_key
        for old in list(islice(self._news, max(0, len(self._news) - NEWS))):
            del self._news[old]

    def _build(self, row: QueueRow, heads: Iterable[Head]) -> LiveQueue | None:
        sender_key = self._news.get(row.key, row.sender_key)
        if sender_key is None:
            return None
        queue = LiveQueue(row.key, row.recipient, sender_key, self._ledger)
        for head in heads:
            queue.add(stored_entry(queue, head))
        self._by_key[row.key] = self._by_recipient[row.recipient] = queue
        return queue

    def _forget(self, queue: LiveQueue) -> None:
        if self._by_key.get(queue.key) is queue:
            del self._by_key[queue.key], self._by_recipient[queue.recipient]


def stored_entry(queue: LiveQueue, head: Head) -> Entry:
    return Entry(queue, head.position, head.id, head.ts, head.size, None, State.STORED)
