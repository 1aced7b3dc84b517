"""How two people meet who have contacts in common, and what shows that one of those lies.

Each says yes by an offer, which goes by everybody who introduces them. Every one of these sees the
offers; but the secret of the two is made of shares, a different one by each way: only all of them
together know it. An offer has to be the same by every way: who passes on another one is odd.
docs/protocol.md, section 27.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import msgspec
from msgspec.structs import replace

from graphchat.clock import Clock
from graphchat.content import ProfileCard
from graphchat.content.introduction import MAX_WAYS, SHARE, IntroAsk, IntroOffer
from graphchat.content.lanes import Offer
from graphchat.core.handshake import Role
from graphchat.core.lane import Lane, LaneState
from graphchat.crypto.kdf import hkdf
from graphchat.crypto.keys import AgreementKey
from graphchat.errors import StateError
from graphchat.secret import Secret

NO_KEY: Final = bytes(32)
LASTS: Final = 7 * 86_400.0
"""Seconds for which an introduction waits for both."""
ANSWERED: Final = "This introduction was answered already, or is over."


class Way(msgspec.Struct, frozen=True):
    """One contact who introduces us, and what came by it."""

    id: bytes
    connection: int
    """Of the contact."""
    share: bytes = b""
    """Ours; empty until we say yes."""
    theirs: IntroOffer | None = None
    twice: bool = False
    """It has passed on two different offers."""


class Meeting(msgspec.Struct, frozen=True, tag="meeting"):
    """An introduction of ourselves, by one or several."""

    profile: int
    card: ProfileCard
    text: str
    until: float
    ways: tuple[Way, ...]
    key: Secret | None = None
    """``CK``; None until we say yes."""
    lanes: tuple[LaneState, ...] = ()


class Forwarding(msgspec.Struct, frozen=True, tag="forwarding"):
    """An introduction of two others, by us."""

    profile: int
    id: bytes
    until: float
    people: tuple[int, int]
    """Their connections."""
    offered: tuple[int, ...] = ()
    """Those who have said yes."""


Stored = Meeting | Forwarding


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not everything is here yet."""


@dataclass(frozen=True, slots=True)
class Met:
    """Both have said yes, and every way agrees: this is what an invitation would have been."""

    role: Role
    id: bytes
    """Of the connection to be."""
    psk: Secret
    key: bytes
    """``CKA``."""
    lanes: tuple[Offer, ...]
    """Alice's."""
    theirs: bytes
    """The other side's ``CK``: nobody else may use what was offered."""


@dataclass(frozen=True, slots=True)
class Odd:
    """The ways do not agree: somebody lies, or the two have counted differently."""

    connections: tuple[int, ...]
    """Who passed on what others did not; all, where there is no telling."""


Outcome = Waiting | Met | Odd


def asked(ask: IntroAsk, profile: int, connection: int, now: float) -> Meeting:
    """Return what waits for our answer."""
    return Meeting(profile, ask.profile, ask.text, now + LASTS, (Way(ask.id, connection),))


def joined(first: Meeting, others: Sequence[Meeting]) -> Meeting:
    """Return several introductions to the same person as one.

    Raises `StateError` if one is answered, two are by one contact, or there are too many.
    """
    ways = [*first.ways, *(way for other in others for way in other.ways)]
    if any(each.key is not None for each in (first, *others)):
        raise StateError(ANSWERED)
    if len({way.connection for way in ways}) < len(ways) or len(ways) > MAX_WAYS:
        raise StateError(f"Join introductions by different contacts, at most {MAX_WAYS}.")
    until = min(each.until for each in (first, *others))
    return replace(first, ways=tuple(ways), until=until)


def accepted(meeting: Meeting, lanes: Sequence[LaneState], clock: Clock) -> Meeting:
    """Say yes by every way. Raises `StateError` if it was answered."""
    if meeting.key is not None:
        raise StateError(ANSWERED)
    ways = tuple(replace(way, share=clock.random(SHARE)) for way in meeting.ways)
    key = AgreementKey.generate(clock).seed
    return replace(meeting, key=key, lanes=tuple(lanes), ways=ways)


def offers(meeting: Meeting) -> list[tuple[int, IntroOffer]]:
    """Return our yes for every way, with the connection by which it goes."""
    return [(way.connection, _own(meeting, way)) for way in meeting.ways]


def heard(meeting: Meeting, connection: int, offer: IntroOffer) -> Meeting:
    """Take what came by one way; a second, different offer by it is noted as what it is."""

    def take(way: Way) -> Way:
        if (way.connection, way.id) != (connection, offer.id):
            return way
        if way.theirs is None:
            return replace(way, theirs=offer)
        return way if way.theirs == offer else replace(way, twice=True)

    return replace(meeting, ways=tuple(map(take, meeting.ways)))


def outcome(meeting: Meeting, *, final: bool = False) -> Outcome:
    """Return what follows from all that has come; ``final``: nothing else will come.

    It waits for every way, because all of them show who is odd.
    """
    if meeting.key is None:
        return Waiting()
    own = _own(meeting, meeting.ways[0])
    found = [(way, way.theirs) for way in meeting.ways if way.theirs is not None]
    liars = [way.connection for way, theirs in found if way.twice or theirs.key == own.key]
    complete = len(found) == len(meeting.ways)
    if liars or not (complete or final):
        return Odd(tuple(liars)) if liars else Waiting()
    if odd := _odd(len(meeting.ways), found):
        return Odd(odd)
    if not complete:
        return Waiting()
    return _met(meeting, own, [(way.share, theirs) for way, theirs in found])


def passed_on(forwarding: Forwarding, connection: int) -> tuple[Forwarding, int] | None:
    """Return to whom an offer goes, and what is known then; None if that one has said yes."""
    first, second = forwarding.people
    if connection not in forwarding.people or connection in forwarding.offered:
        return None
    offered = (*forwarding.offered, connection)
    return replace(forwarding, offered=offered), second if connection == first else first


def _odd(ways: int, found: Sequence[tuple[Way, IntroOffer]]) -> tuple[int, ...]:
    """Name those who differ from the most; of two who differ nobody knows which one lies."""
    hashes = Counter(theirs.hash for _, theirs in found)
    if len(hashes) > 1:
        [(most, count), *_] = hashes.most_common()
        sure = 2 * count > ways
        return tuple(way.connection for way, theirs in found if not sure or theirs.hash != most)
    return tuple(way.connection for way, theirs in found if theirs.ways != ways)


def _met(meeting: Meeting, own: IntroOffer, ways: Sequence[tuple[bytes, IntroOffer]]) -> Met:
    theirs = ways[0][1]
    is_alice = own.key < theirs.key
    alice, bob = (own, theirs) if is_alice else (theirs, own)
    shares = sorted(mine + other.share if is_alice else other.share + mine for mine, other in ways)
    names = alice.hash + bob.hash
    psk = hkdf(b"".join(shares), salt=b"", info=b"gc/1 intro" + names, size=32)
    cid = sha256(b"gc/1 intro cid" + names).digest()[:16]
    role = Role.ALICE if is_alice else Role.BOB
    return Met(role, cid, psk, alice.key, alice.lanes, theirs.key)


def _own(meeting: Meeting, way: Way) -> IntroOffer:
    assert meeting.key is not None
    lanes = tuple(replace(Lane(lane).offer(), sender_key=NO_KEY) for lane in meeting.lanes)
    public = AgreementKey(meeting.key).public
    return IntroOffer(way.id, public, lanes, len(meeting.ways), way.share)
