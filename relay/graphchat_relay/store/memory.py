"""A store that forgets everything when the process ends. For many relays that is the point."""

from bisect import insort
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import attrgetter

from graphchat_relay.store import Head, MessageRow, QueueRow, Totals


class MemoryStore:
    def __init__(self) -> None:
        self._queues: dict[int, QueueRow] = {}
        self._recipients: dict[bytes, int] = {}
        self._senders: dict[bytes, int] = {}
        self._messages: dict[int, MessageRow] = {}
        self._order: defaultdict[int, list[int]] = defaultdict(list)
        self._key = 0
        self._position = 0

    async def close(self) -> None:
        self.__init__()  # type: ignore[misc] # forget all of it, as promised

    async def reserve(self, count: int) -> Sequence[int]:
        first, self._position = self._position + 1, self._position + count
        return range(first, first + count)

    async def create(self, row: QueueRow) -> None:
        self._key += 1
        self._queues[self._key] = replace(row, key=self._key)
        self._recipients[row.recipient] = self._senders[row.sender] = self._key

    async def by_recipient(self, hashes: Sequence[bytes]) -> Mapping[bytes, QueueRow]:
        return {h: self._queues[self._recipients[h]] for h in hashes if h in self._recipients}

    async def by_sender(self, hashes: Sequence[bytes]) -> Mapping[bytes, QueueRow]:
        return {h: self._queues[self._senders[h]] for h in hashes if h in self._senders}

    async def secure(self, key: int, sender_key: bytes) -> bool:
        row = self._queues.get(key)
        if row is None:
            return False
        if not row.sender_key:
            self._queues[key] = row = replace(row, sender_key=sender_key)
        return row.sender_key == sender_key

    async def renew(self, keys: Sequence[int], day: int) -> None:
        for key in keys:
            if key in self._queues:
                self._queues[key] = replace(self._queues[key], day=day)

    async def remove(self, key: int) -> None:
        row = self._queues.pop(key, None)
        if row is not None:
            del self._recipients[row.recipient], self._senders[row.sender]
        for position in self._order.pop(key, ()):
            del self._messages[position]

    async def write(self, added: Sequence[MessageRow], removed: Sequence[int]) -> None:
        for row in (row for row in added if row.queue in self._queues):
            self._messages[row.position] = row
            insort(self._order[row.queue], row.position)
        for position in removed:
            self._forget(position)

    async def heads(self, keys: Sequence[int]) -> Sequence[Head]:
        positions = sorted(at for key in keys for at in self._order.get(key, ()))
        return [_head(self._messages[position]) for position in positions]

    async def bodies(self, positions: Sequence[int]) -> Mapping[int, bytes]:
        return {at: self._messages[at].msg for at in positions if at in self._messages}

    async def expire_messages(self, before: int, limit: int) -> Sequence[Head]:
        old = [row for row in self._messages.values() if row.ts < before]
        old.sort(key=attrgetter("position"))
        for row in old[:limit]:
            self._forget(row.position)
        return [_head(row) for row in old[:limit]]

    async def expire_queues(self, before: int, limit: int) -> Sequence[int]:
        old = [r.key for r in self._queues.values() if r.day < before and not r.sender_key]
        for key in old[:limit]:
            await self.remove(key)
        return old[:limit]

    async def probe(self) -> None:
        """Memory can always be written."""

    async def tidy(self) -> None:
        """Nothing is left behind here."""

    async def totals(self) -> Totals:
        size = sum(len(row.msg) for row in self._messages.values())
        return Totals(len(self._queues), len(self._messages), size)

    async def sender_keys(self, keys: Sequence[int]) -> Mapping[int, bytes]:
        return {key: self._queues[key].sender_key for key in keys if key in self._queues}

    async def epoch(self) -> int:
        return (await self.reserve(1))[0]

    def _forget(self, position: int) -> None:
        row = self._messages.pop(position, None)
        if row is None:
            return
        order = self._order[row.queue]
        order.remove(position)
        if not order:
            del self._order[row.queue]


def _head(row: MessageRow) -> Head:
    return Head(row.queue, row.position, row.id, row.ts, len(row.msg))
