"""What a relay remembers: queues, by hashes of their ids, and envelopes until their deletion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

BATCH: Final = 256
"""Most keys, hashes or rows that one call takes."""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A queue. Its two ids appear as hashes only: a stolen database holds no usable URI."""

    key: int
    recipient: bytes
    """SHA-256 of the id in the recipient URI."""
    sender: bytes
    """SHA-256 of the id in the sender URI."""
    recipient_key: bytes
    sender_key: bytes
    """Empty while the queue is open."""
    day: int
    """When an open queue was last renewed, in days since 1970: as coarse as its purpose allows."""


@dataclass(frozen=True, slots=True)
class Head:
    """What there is to know of a stored message without its body."""

    queue: int
    position: int
    """Orders the messages of a relay. It never leaves it: a counter tells how busy a relay is."""
    id: str
    ts: int
    size: int


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message to be stored."""

    queue: int
    position: int
    id: str
    ts: int
    msg: bytes


@dataclass(frozen=True, slots=True)
class Totals:
    """How much is stored, for the operator."""

    queues: int
    messages: int
    bytes: int


class Store(Protocol):
    """Rows and nothing else: what they mean is decided above.

    Every method raises `graphchat.errors.StoreError` when the medium fails. What has returned
    is on the medium.
    """

    async def close(self) -> None:
        """Let go of the medium. No other call may follow."""
        ...

    async def reserve(self, count: int) -> Sequence[int]:
        """Return positions for this many messages, rising, and higher than all given before."""
        ...

    async def create(self, row: QueueRow) -> None:
        """Add a queue. Its key is chosen here; the one in ``row`` means nothing."""
        ...

    async def by_recipient(self, hashes: Sequence[bytes]) -> Mapping[bytes, QueueRow]:
        """Return those queues whose recipient URI has one of these hashes."""
        ...

    async def by_sender(self, hashes: Sequence[bytes]) -> Mapping[bytes, QueueRow]:
        """Return those queues whose sender URI has one of these hashes."""
        ...

    async def secure(self, key: int, sender_key: bytes) -> bool:
        """Set the sender's key once, and tell whether it is this one now."""
        ...

    async def renew(self, keys: Sequence[int], day: int) -> None:
        """Note that open queues are in use."""
        ...

    async def remove(self, key: int) -> None:
        """Remove a queue and its messages, without a trace on the medium."""
        ...

    async def write(self, added: Sequence[MessageRow], removed: Sequence[int]) -> None:
        """Add messages, and remove those at these positions: all of it or nothing.

        Positions are reserved before. A message for a queue that is gone is gone with it.
        """
        ...

    async def heads(self, keys: Sequence[int]) -> Sequence[Head]:
        """Return what is stored in these queues, oldest first."""
        ...

    async def bodies(self, positions: Sequence[int]) -> Mapping[int, bytes]:
        """Return the envelopes at these positions, as far as they are there."""
        ...

    async def expire_messages(self, before: int, limit: int) -> Sequence[Head]:
        """Remove at most ``limit`` messages with an earlier `ts`, and return them."""
        ...

    async def expire_queues(self, before: int, limit: int) -> Sequence[int]:
        """Remove at most ``limit`` open queues of an earlier day; return their keys."""
        ...

    async def probe(self) -> None:
        """Write something that changes nothing: it fails as long as nothing can be written."""
        ...

    async def tidy(self) -> None:
        """Overwrite what removed rows left behind."""
        ...

    async def totals(self) -> Totals: ...


class SharedStore(Store, Protocol):
    """A store that several replicas of one relay use at the same time."""

    async def sender_keys(self, keys: Sequence[int]) -> Mapping[int, bytes]:
        """Return the senders' keys of those queues that exist; empty while one is open."""
        ...

    async def epoch(self) -> int:
        """Return a number that is higher than every one before, at whichever replica."""
        ...
