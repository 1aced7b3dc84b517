"""What a client asks of relays, and what relays tell a client: the seam to the network."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from graphchat.crypto.keys import SigningKey
from graphchat.errors import RelayError
from graphchat.ids import QueueId
from graphchat.wire.uri import RelayAddress


@dataclass(frozen=True, slots=True)
class NewQueue:
    """The two ids of a queue that was just made."""

    recipient: QueueId = field(repr=False)
    sender: QueueId = field(repr=False)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A stored envelope, as a relay announces it."""

    queue: QueueId = field(repr=False)
    """The recipient's id of the queue."""
    id: str
    size: int
    """Bytes of the envelope."""
    message: bytes | None = field(repr=False)
    """The envelope; None if it is too long to be pushed: fetch it."""


class Transport(Protocol):
    """Everything that is asked of relays, by one profile where `of` made it.

    Every method raises `RelayUnreachableError` if the relay cannot be reached or does not
    answer like one, `RelayIdentityError` if it is another one than its address says,
    `UnauthorizedError` if it knows no such queue or the key does not fit, `RateError` if
    it asks to wait, `BadRequestError` if it does not understand, and `StateError` after
    `close`.
    """

    def of(self, profile: int) -> "Transport":
        """Return the transport of one profile: it shares no connection with any other.

        Closed with this one. Raises `StateError` if this one is closed.
        """
        ...

    async def create(self, relay: RelayAddress, key: SigningKey) -> NewQueue:
        """Make a queue whose recipient is the holder of ``key``."""
        ...

    async def secure(
        self, relay: RelayAddress, queue: QueueId, key: SigningKey, sender: bytes
    ) -> None:
        """Let nobody but the holder of the key ``sender`` send to ``queue``."""
        ...

    async def remove(self, relay: RelayAddress, queue: QueueId, key: SigningKey) -> None:
        """Delete ``queue`` and all that is in it."""
        ...

    async def put(self, relay: RelayAddress, sender: QueueId, message: bytes) -> None:
        """Send an envelope, unsigned, to an open queue. Raises also `QuotaError`."""
        ...

    async def fetch(
        self, relay: RelayAddress, queue: QueueId, key: SigningKey, message_id: str
    ) -> bytes:
        """Return an envelope that was too long to be pushed."""
        ...

    async def listed(
        self, relay: RelayAddress, queue: QueueId, key: SigningKey
    ) -> Sequence[tuple[str, int]]:
        """Return id and size of the oldest messages in ``queue``, at most 32 of them."""
        ...

    async def identify(self, relay: RelayAddress) -> None:
        """Connect, and compare the relay's key with the fingerprint of its address."""
        ...

    def link(self, relay: RelayAddress, listener: "Listener") -> "Link":
        """Return a socket to ``relay`` that is not running yet."""
        ...

    async def close(self) -> None:
        """Close all connections. Running links end with `down`; cancel them first."""
        ...


class Listener(Protocol):
    """Hears what happens on links. Called in the event loop; it must not block or raise."""

    def up(self, relay: RelayAddress) -> None:
        """Hear that the socket is connected; subscriptions are on their way."""
        ...

    def down(self, relay: RelayAddress, error: RelayError) -> None:
        """Hear that the socket broke, or that another attempt to connect failed."""
        ...

    def received(self, relay: RelayAddress, deliveries: Sequence[Delivery]) -> None:
        """Take envelopes, those of one frame together. Delete each once it is stored."""
        ...

    def ended(self, relay: RelayAddress, queue: QueueId) -> None:
        """Hear that somebody else subscribed to ``queue``, or that it is gone.

        It is asked for again after a while, unless it is unsubscribed from.
        """
        ...

    def refused(self, relay: RelayAddress, queue: QueueId, error: RelayError) -> None:
        """Hear that ``queue`` cannot be subscribed to now; again after a while, as above."""
        ...

    def answered(self, relay: RelayAddress, tag: int, error: RelayError | None) -> None:
        """Hear the fate of the `Link.send` with this ``tag``; None: the relay keeps it."""
        ...

    def ready(self, relay: RelayAddress, sender: QueueId) -> None:
        """Hear that there is room again in a queue that was over its quota."""
        ...


class Link(Protocol):
    """One WebSocket to one relay, which keeps itself connected while `run` runs."""

    @property
    def connected(self) -> bool: ...

    def subscribe(self, queue: QueueId, key: SigningKey) -> None:
        """Ask for what is in ``queue``, now and after each reconnection."""
        ...

    def unsubscribe(self, queue: QueueId) -> None: ...

    def send(
        self, sender: QueueId, key: SigningKey | None, envelope: bytes, tag: int, request_id: str
    ) -> None:
        """Send an envelope to a queue that ``key`` opens; None: to one that stays open.

        `Listener.answered` always follows, later, with ``tag``: `RelayUnreachableError` if the
        link is not connected or breaks, `UnauthorizedError`, `QuotaError`, `RateError` or
        `BadRequestError`. The relay stores an envelope once for each ``request_id``: random,
        1 to 64 characters, and the same when it is sent again.
        """
        ...

    def delete(self, queue: QueueId, message_id: str) -> None:
        """Tell the relay that an envelope is stored here.

        Forgotten if it cannot be told now: the envelope comes again then.
        """
        ...

    async def run(self) -> None:
        """Stay connected until cancelled."""
        ...
