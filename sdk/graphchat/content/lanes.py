"""What programs say of the lanes between them: added, tried, removed, and what came by each."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from graphchat.content import rules

MAX_LANES: Final = 8
"""Lanes of a connection, besides those that replace others."""
MAX_NUMBERS: Final = 2 * MAX_LANES
"""Lanes that a receipt can mention: all, and one for each that takes its place."""
MAX_NUMBER: Final = 2**53
SEED: Final = 32

Reason = Literal["more", "rotation", "drops", "away", "reset"]
"""Why a lane is added: one more, its time has come, a relay says OK and drops, a relay has been
away for long, the ratchet is out of step."""

_Key = Annotated[bytes, Meta(min_length=32, max_length=32)]
_Number = Annotated[int, Meta(ge=0, le=MAX_NUMBER)]


class Offer(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A queue that one side offers to the other, with the keys for it: one row of `lanes`."""

    relay: Annotated[bytes, Meta(min_length=16, max_length=16)]
    """Fingerprint of the relay."""
    base: Annotated[str, Meta(min_length=1, max_length=255)]
    """Its create URI without a token."""
    sender_id: Annotated[bytes, Meta(min_length=18, max_length=18)]
    ratchet_key: _Key
    sender_key: _Key
    """The public key with which the offering side signs what it sends by this lane."""


class LaneSeen(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What has come by one lane, as the receiver says in a receipt."""

    number: _Number
    seq: Annotated[int, Meta(ge=0, le=rules.MAX_INTEGER)]
    """The highest number of a frame that came by it; 0 for none."""
    missing: Annotated[int, Meta(ge=0, le=rules.MAX_INTEGER)] = 0
    """Envelopes that were sealed for it before others that came, and have not come."""


class LaneAdd(Struct, tag_field="type", tag="lane.add", frozen=True, omit_defaults=True):
    """Offers one more lane, or one in place of another.

    Raises `ContentError` if the seed has not 32 bytes.
    """

    number: _Number
    offer: Offer
    seed: bytes
    """32 random bytes for the secrets of the lane."""
    why: Reason
    replaces: _Number | None = None

    def __post_init__(self) -> None:
        rules.size("seed of the lane", self.seed, SEED, SEED)


class LaneAccept(Struct, tag_field="type", tag="lane.accept", frozen=True):
    """Takes up a lane that was offered. Raises `ContentError` as `LaneAdd`."""

    number: _Number
    offer: Offer
    seed: bytes

    def __post_init__(self) -> None:
        rules.size("seed of the lane", self.seed, SEED, SEED)


class LaneTest(Struct, tag_field="type", tag="lane.test", frozen=True):
    """Travels by the lane that it is about, outside of the stream."""

    number: _Number
    heard: bool
    """Something of the other side has come by this lane."""


class LaneRemove(Struct, tag_field="type", tag="lane.remove", frozen=True):
    """By this lane nothing will be sent any more; the answer is the same message."""

    number: _Number


Lanes = LaneAdd | LaneAccept | LaneTest | LaneRemove
"""Every message of this module that can be a frame."""
