"""A queue in use: its index, its window, and who is connected to it."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum, auto
from typing import Literal, Protocol

import msgspec

from graphchat.wire.socket import Refused
from graphchat_relay.ledger import Ledger

Refusal = Refused | Literal[""]
"""Why something was not done; empty: it was."""
Done = Callable[[str, Refusal], None]
"""Is told the name of a request, and what became of it."""
Waiting = tuple[tuple[str, Done], ...]
"""Requests that wait for the same."""


class State(IntEnum):
    """Where a message is. It moves down this list, and skips what it does not need.

    Up to `STORED` it can be read. (Numbers: the hash of another enumeration is not made in C.)
    """

    PENDING = auto()  # in memory; its sender waits
    WRITING = auto()  # in a transaction that has not ended
    STORED = auto()  # on the medium; its sender was answered
    DOOMED = auto()  # deleted by its recipient while it was written
    DELETING = auto()  # waits for the transaction that removes it
    GONE = auto()


class Entry(msgspec.Struct, eq=False):
    """A message of a live queue: made for each of them, so made in C."""

    queue: "LiveQueue"
    position: int
    """0 until the medium has it."""
    id: str
    ts: int
    size: int
    msg: bytes | None
    """None: only the medium has it."""
    state: State
    pushed: bool = False
    shown: "Subscription | None" = None
    """Who had been sent it when its deletion was asked for."""
    digest: int = 0
    senders: Waiting = ()
    """Who waits for the message to be safe."""
    deleters: Waiting = ()
    """Who waits for it to be gone."""


class Reader(Protocol):
    """The socket of a recipient."""

    @property
    def writable(self) -> bool:
        """False while enough is waiting to be sent to it."""
        ...

    def push(self, uri: str, entry: Entry) -> None:
        """Take a message along."""
        ...

    def stall(self, queue: "LiveQueue") -> None:
        """Call `Relay.pump` with ``queue`` once writable again."""
        ...

    def end(self, uri: str) -> None:
        """Learn that the subscription is over."""
        ...


class Feeder(Protocol):
    """The socket of a sender."""

    def ready(self, uri: str) -> None:
        """Learn that there is room again."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Subscription:
    reader: Reader
    uri: str


@dataclass(frozen=True, slots=True, eq=False)
class Attachment:
    feeder: Feeder
    uri: str
    queue: "LiveQueue"
    done: Done
    """Who is told of what was sent by it."""
    signed: bool
    """False: of use only while the queue is open."""


@dataclass(slots=True, eq=False)
class LiveQueue:
    """What the relay keeps in memory of a queue while somebody uses it."""

    key: int
    recipient: bytes
    """Hash of the recipient's id: what replicas call the queue."""
    sender_key: bytes
    ledger: Ledger
    """Where the envelopes count that are in memory."""
    entries: dict[str, Entry] = field(default_factory=dict)
    """Everything that is in the queue, oldest first; the quota keeps it small."""
    bytes: int = 0
    subscription: Subscription | None = None
    unseen: deque[Entry] | None = None
    """What the subscriber was not sent yet, oldest first."""
    in_flight: int = 0
    loading: bool = False
    starved: list[Attachment] = field(default_factory=list)
    """Senders that were refused for want of room."""
    late: int = 0
    """Messages that wait a moment before they are written."""
    holds: int = 0
    """Who uses it: subscriber, senders, requests, messages on their way to the medium."""
    gone: bool = False
    epoch: int = 0
    """When this replica began to read it; 0 while the others do not know that."""

    def add(self, entry: Entry) -> None:
        self.entries[entry.id] = entry
        self.bytes += entry.size

    def kept(self, entry: Entry) -> None:
        """Count the envelope of an entry, which came into memory."""
        self.ledger.hold(entry.size)

    def let_go(self, entry: Entry) -> None:
        """Have it there no more."""
        if entry.msg is not None:
            entry.msg = None
            self.ledger.used -= entry.size

    def drop(self, entry: Entry) -> None:
        """Forget an entry, wherever it was."""
        if self.entries.pop(entry.id, None) is not None:
            self.bytes -= entry.size
        self.leave_window(entry)
        entry.state = State.GONE
        self.let_go(entry)

    def put_back(self, entry: Entry) -> None:
        """Take an entry back whose removal failed: into the window, or among the unseen."""
        shown, entry.shown = entry.shown, None
        if self.subscription is None or self.unseen is None:
            return
        if shown is self.subscription:
            entry.pushed = True
            self.in_flight += 1
        elif entry not in self.unseen:
            earlier = sum(0 < other.position < entry.position for other in self.unseen)
            self.unseen.insert(earlier, entry)

    def leave_window(self, entry: Entry) -> None:
        if entry.pushed:
            entry.pushed = False
            self.in_flight -= 1

    def start_reading(self, subscription: Subscription) -> None:
        """Begin at the oldest message, whatever a subscriber before this one was sent."""
        self.subscription = subscription
        self.epoch = self.in_flight = 0
        self.unseen = deque(e for e in self.entries.values() if e.state <= State.STORED)
        for entry in self.unseen:
            entry.pushed = False

    def stop_reading(self) -> Subscription | None:
        """End the subscription, and return it."""
        found, self.subscription, self.unseen = self.subscription, None, None
        for entry in self.entries.values():
            entry.pushed = False
            if entry.state is State.STORED:
                self.let_go(entry)
        self.in_flight = 0
        return found
