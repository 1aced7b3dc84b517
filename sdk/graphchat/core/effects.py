"""What a machine asks its driver to store or to do.

The driver stores the machine and its effects in one transaction, then performs them.
"""

from dataclasses import dataclass
from enum import StrEnum

from graphchat.content import Message, ReceiptBody
from graphchat.content.lanes import Offer, Reason
from graphchat.core.frame import Frame
from graphchat.core.handshake import Phase
from graphchat.core.inbox import Signed
from graphchat.core.lane import LaneState
from graphchat.core.outbox import Written


class Danger(StrEnum):
    """Something that a person must hear of; the value is the sentence to show."""

    CODE_SEEN = (
        "Somebody else has used the same invitation: another person has seen the code. "
        "Delete this contact and exchange a fresh code unless you know who it was."
    )
    REKEY_REFUSED = (
        "The code for new keys does not work any more: it was used, or another was made after it. "
        "Ask for a fresh one. Nothing has changed."
    )
    EQUIVOCATION = (
        "This contact signed two different messages with one number. Their device may have "
        "been restored from an old backup, or somebody may be using their keys."
    )


@dataclass(frozen=True, slots=True)
class Put:
    """Put a handshake envelope into a queue of the other side, unsigned."""

    offer: Offer
    envelope: bytes


@dataclass(frozen=True, slots=True)
class Secure:
    """Let only the holder of ``sender_key`` write to our queue of ``lane``."""

    lane: int
    sender_key: bytes


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete our queue of a lane that was given up: the other side has no use for it."""

    lane: LaneState


@dataclass(frozen=True, slots=True)
class Moved:
    """The handshake has reached ``phase``."""

    phase: Phase


@dataclass(frozen=True, slots=True)
class Store:
    """Keep a frame of ours until a receipt covers it, and send it by every lane."""

    written: Written


@dataclass(frozen=True, slots=True)
class Sealed:
    """Send ``envelope`` by ``lane`` until a relay says OK. ``seq`` is 0 outside of the stream."""

    lane: int
    seq: int
    envelope: bytes


@dataclass(frozen=True, slots=True)
class Keep:
    """Store a frame of theirs that waits for those before it."""

    signed: Signed


@dataclass(frozen=True, slots=True)
class Release:
    """Forget a kept frame: it was used, or it was false."""

    stream: bytes
    seq: int


@dataclass(frozen=True, slots=True)
class Chained:
    """A frame of theirs has its place in the chain now: keep what a proof needs of it."""

    signed: Signed


@dataclass(frozen=True, slots=True)
class Received:
    """The next message of the other side, exactly once and in order."""

    frame: Frame
    message: Message


@dataclass(frozen=True, slots=True)
class Aside:
    """Something of the moment came, outside of the stream; it may come again by another lane."""

    frame: Frame
    message: Message


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A receipt came: look up the hash of our frame ``seq`` and call `Connection.cover`."""

    body: ReceiptBody


@dataclass(frozen=True, slots=True)
class Covered:
    """The other side has the frames ``first`` to ``last``; those before, it had already."""

    first: int
    last: int
    receipt: ReceiptBody
    """Their signed word for it."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """Seal the frames ``first`` to ``last`` again by every lane: the other side misses them."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Widen:
    """Make a queue for lane ``number``, which we want, and call `Connection.offer_lane`."""

    number: int
    why: Reason
    replaces: int | None


@dataclass(frozen=True, slots=True)
class Join:
    """Make a queue for lane ``number``, which they want, and call `Connection.join_lane`."""

    number: int


@dataclass(frozen=True, slots=True)
class Blame:
    """The relay at which ``lane`` sends to the other side has failed: we replace the lane."""

    lane: LaneState
    why: Reason


@dataclass(frozen=True, slots=True)
class Blamed:
    """The other side says that our relay of ``lane`` has failed, and replaces the lane."""

    lane: LaneState
    why: Reason


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """A code was used for a connection that was there: its keys are new."""

    both_ways: bool
    """Each has scanned a code of the other now."""


@dataclass(frozen=True, slots=True)
class Alarm:
    danger: Danger


Effect = (
    Put | Secure | Remove | Moved | Store | Sealed | Keep | Release
    | Chained | Received | Aside | Acknowledged | Covered | Repeat | Alarm
    | Widen | Join | Blame | Blamed | Rekeyed
)  # fmt: skip
