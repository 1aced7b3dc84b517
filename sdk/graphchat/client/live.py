"""A connection while it is loaded: the machine, and what is on its way by its lanes."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Literal, Self, get_args

from graphchat.client.hedging import Watch
from graphchat.client.pulse import Pulse
from graphchat.core.connection import Connection
from graphchat.core.frame import packed_signature, unpacked_signature
from graphchat.core.handshake import Role
from graphchat.ids import Fingerprint
from graphchat.wire.uri import RelayAddress

# Sealed envelopes without OK, at most, by one lane (docs/protocol.md, section 15).
WINDOW: Final = 16
# Seconds until a lane tries again after a refusal.
FIRST_RETRY: Final = 2.0
LAST_RETRY: Final = 180.0
# Frames of ours that are kept in memory for lanes that keep up; others come from the database.
RECENT: Final = 64
# Frames that the other side may ask for again at once.
ASKED_AGAIN: Final = 128

USED: Final = (
    "This code does not work any more: it was used already, or withdrawn. If it was meant for you"
    " alone, somebody else may have seen it: tell whoever gave it to you, and ask for a fresh one."
)
DELETED: Final = "This address does not work any more: it was deleted. Ask for the new one."
DAMAGED: Final = "What came back with this code cannot be used. Remove it, and use a fresh code."

GROUP: Final = "group"
"""The kind of a connection that serves a group, and is no contact."""
OWN: Final = "own device"
"""The kind of a connection between two devices of one person."""
LINKED: Final = "linked device"
"""The kind of a connection with a further device of a contact."""
HIDDEN: Final = frozenset({GROUP, OWN, LINKED})
"""Kinds of connections that people do not see as contacts."""
# How sure it is who a contact is (docs/protocol.md, section 12).
ASKED: Final = 0
"""By an address, which anybody may have."""
INTRODUCED: Final = 1
"""By contacts, who have introduced the two."""
SCANNED: Final = 2
"""By a code, handed over outside of graphchat: as good as the way that it took."""
VERIFIED: Final = 3
"""Safety words were compared, or each has scanned a code of the other."""

MessageState = Literal["queued", "sent", "delivered"]
STATES: Final[tuple[MessageState, ...]] = get_args(MessageState)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sealed envelope that no relay has acknowledged."""

    tag: int
    seq: int
    request_id: str
    envelope: bytes


@dataclass(slots=True)
class Traffic:
    """What one lane has to send."""

    waiting: dict[int, Waiting] = field(default_factory=dict[int, Waiting])
    """By tag; oldest first."""
    handed: set[int] = field(default_factory=set[int])
    """Tags that the link has now."""
    again: deque[int] = field(default_factory=lambda: deque[int](maxlen=ASKED_AGAIN))
    """Numbers of frames that the other side asked for again."""
    retry_at: float = 0.0
    """Nothing is sent before this moment of the monotonic clock."""
    retry: float = FIRST_RETRY

    @property
    def room(self) -> int:
        return WINDOW - len(self.waiting)

    def back_off(self, now: float, jitter: float) -> None:
        """Wait, twice as long as last time; ``jitter`` is from 0 to 1."""
        self.retry_at = now + self.retry * (0.75 + jitter / 2)
        self.retry = min(self.retry * 2, LAST_RETRY)

    def recovered(self) -> None:
        self.retry_at, self.retry = 0.0, FIRST_RETRY


@dataclass(frozen=True, slots=True)
class OwnFrame:
    """A frame of ours as it is stored: the hash of the stream with it, signature, bytes."""

    head: bytes
    signature: bytes
    data: bytes

    def pack(self) -> bytes:
        return self.head + packed_signature(self.signature) + self.data

    @classmethod
    def unpack(cls, row: bytes) -> Self:
        return cls(row[:32], *unpacked_signature(row[32:]))


class Progress:
    """How far one message of ours has come: queued, sent, delivered."""

    def __init__(self, message_id: bytes, seq: int, state: MessageState) -> None:
        self.message_id = message_id
        self.seq = seq
        self.state = state
        self.pulse = Pulse()

    def advance(self, state: MessageState) -> None:
        if STATES.index(state) > STATES.index(self.state):
            self.state = state
            self.pulse.beat()


@dataclass(frozen=True, slots=True)
class ConversationTimer:
    """How long messages last, and who has chosen that."""

    seconds: int = 0
    """0: for ever."""
    version: int = 0
    ours: bool = False


@dataclass(slots=True)
class Live:
    """One loaded connection. Only the engine's loop changes it."""

    id: int
    profile: int
    name: str
    kind: str
    trust: int
    connection: Connection
    traffic: dict[int, Traffic]
    """By the number of the lane."""
    recent: dict[int, OwnFrame] = field(default_factory=dict[int, OwnFrame])
    established: bool = False
    named: bool = False
    """The contact has told its name."""
    accepts_by_itself: bool = False
    """A request at an address that lets everybody in."""
    sealing: bool = False
    """The last look found something to seal; there may be more."""
    answered: bool = False
    """Our yes to a request is on its way."""
    asked: bool = False
    """A relay has taken a confirmation or an answer of ours since the client was opened."""
    failed: str = ""
    """Why the handshake cannot go on, in words for people."""
    watch: Watch = field(default_factory=Watch)
    timer: ConversationTimer = ConversationTimer()
    renamed: bool = False
    """The name was chosen by a person, and stays."""
    typing_until: float = 0.0
    """Until when the other side believes that somebody types here, by the monotonic clock."""

    @property
    def why_failed(self) -> str:
        """Why the handshake can fail on this side, in words for people."""
        shake = self.connection.state.handshake
        if shake.role is Role.ALICE:
            return DAMAGED
        return DELETED if shake.code.is_address else USED

    def lane_relay(self, number: int) -> RelayAddress | None:
        """Return the relay on which the queue of the other side is."""
        peer = self.connection.lanes[number].state.peer
        return None if peer is None else relay_of(peer.relay, peer.base)

    def trim(self) -> None:
        """Forget frames that are in the database; lanes that keep up do not need them."""
        while len(self.recent) > RECENT:
            del self.recent[next(iter(self.recent))]


def hidden_name(live: Live) -> str:
    """Return a name for a connection that nobody sees; empty if it is a contact."""
    return f"{live.kind} {live.connection.cid.hex()}" if live.kind in HIDDEN else ""


def relay_of(fingerprint: bytes, base: str) -> RelayAddress:
    """Return the relay of a stored lane; it was checked when it came in."""
    return RelayAddress(base, Fingerprint(fingerprint))
