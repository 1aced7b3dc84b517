"""How two contacts agree on a chat off the record: asked, accepted, and forgotten.

Rule: no key here is known to one side alone but for those that are made for this chat and thrown
away. What shows who speaks is a code under a key of *both*: each could have written all of it.
docs/protocol.md, section 24.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Final

import msgspec

from graphchat.clock import Clock
from graphchat.content import OffRecord, OtrAccept, OtrAsk, OtrEnd, ProfileCard
from graphchat.content.lanes import Offer
from graphchat.content.offrecord import ID
from graphchat.core import effects as do, handshake
from graphchat.core.connection import Connection
from graphchat.core.effects import Effect
from graphchat.core.handshake import CodeKeys, HandshakeState, MayReach, Mode, Phase, Role
from graphchat.core.lane import Lane, LaneState, start_all
from graphchat.crypto.kdf import hkdf
from graphchat.crypto.keys import AgreementKey
from graphchat.errors import RemoteProtocolError, StateError
from graphchat.ids import ConnectionId
from graphchat.secret import Secret

NO_KEY: Final = bytes(32)
"""In place of the keys that sign for a relay: here nothing does."""
NO_LONGER: Final = "They do not ask any more. Ask them: graphchat otr CONTACT"
# Ends of chats that are remembered: what comes late does not begin them again.
MOST_ENDED: Final = 64


@dataclass(frozen=True, slots=True)
class Parent:
    """What a chat takes from the connection that it begins in."""

    key: Secret
    """Known to both sides, and to nobody else."""
    cid: ConnectionId
    role: Role
    """Ours; so that nobody is told what he has said himself."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """What both sides have agreed on; a chat begins with it."""

    id: bytes
    cid: ConnectionId
    secret: Secret
    lanes: tuple[LaneState, ...]
    """Ours, in their order."""
    offers: tuple[Offer, ...]
    """Theirs."""
    asked: bool
    """We have asked; the other side, who took it up, begins the ratchets."""


@dataclass(slots=True)
class OffRecordState:
    """Where a connection stands. Nothing of it is ever stored."""

    own: OtrAsk | None = None
    """What we ask, until it is answered."""
    own_key: AgreementKey | None = None
    own_lanes: tuple[LaneState, ...] = ()
    theirs: OtrAsk | None = None
    """What they ask, until we answer."""
    agreed: Agreed | None = None
    answer: OtrAccept | None = None
    """What we said to their ask: said again if they ask again."""
    refused: bool = False
    """They do not want what we ask."""
    ended: list[bytes] = field(default_factory=list[bytes])


@dataclass(slots=True)
class Negotiation:
    """The machine of one connection: what we want, what comes, and what both agree on."""

    parent: Parent
    clock: Clock
    state: OffRecordState = field(default_factory=OffRecordState)

    # What we want

    def ask(self, lanes: Sequence[LaneState]) -> OtrAsk:
        """Ask for a chat by fresh queues of ours. Raises `StateError` if one is there."""
        state = self.state
        if state.agreed or state.own:
            raise StateError("You are off the record with them already, or ask for it.")
        key, name = AgreementKey.generate(self.clock), self.clock.random(ID)
        offers = tuple(map(offer, lanes))
        mac = ask_mac(self.parent, self.parent.role, name, key.public, offers)
        state.own = OtrAsk(name, key.public, offers, mac)
        state.own_key, state.own_lanes, state.refused = key, tuple(lanes), False
        return state.own

    def accept(self, lanes: Sequence[LaneState]) -> OtrAccept:
        """Take up what they ask. Raises `StateError` if they do not ask (any more)."""
        state = self.state
        if state.theirs is None or state.agreed:
            raise StateError(NO_LONGER)
        ask, key, offers = (
            state.theirs,
            AgreementKey.generate(self.clock),
            tuple(map(offer, lanes)),
        )
        mac = accept_mac(self.parent, self.parent.role, ask, key.public, offers)
        answer = OtrAccept(ask.id, key.public, offers, mac)
        shared = key.exchange(ask.key)
        state.agreed = agree(self.parent, shared, ask, answer, lanes, asked=False)
        state.theirs, state.answer = None, answer
        self._forget_own()
        return answer

    def end(self) -> OtrEnd | None:
        """End what there is: the chat, our ask, or theirs, which we refuse."""
        state = self.state
        found = state.agreed or state.own or state.theirs
        if found is None:
            return None
        self._over(found.id)
        return OtrEnd(found.id, end_mac(self.parent, self.parent.role, found.id))

    # What comes

    def heard(self, message: OffRecord, may_reach: MayReach = handshake.anywhere) -> bool:
        """Take what came; tell whether anything is new. What comes twice changes nothing.

        Raises `RemoteProtocolError` for what the other side has not written.
        """
        match message:
            case OtrAsk():
                return self._asked(message, may_reach)
            case OtrAccept():
                return self._accepted(message, may_reach)
            case OtrEnd(id=name):
                if not compare_digest(message.mac, end_mac(self.parent, self._peer, name)):
                    raise RemoteProtocolError("the end of a chat is not of the other side")
                return self._ended(name)

    @property
    def crossed(self) -> bool:
        """Whether both ask, and theirs counts: that of the lower id. It needs no more consent."""
        own, theirs = self.state.own, self.state.theirs
        return own is not None and theirs is not None and theirs.id < own.id

    @property
    def _peer(self) -> Role:
        return Role.BOB if self.parent.role is Role.ALICE else Role.ALICE

    def _asked(self, ask: OtrAsk, may_reach: MayReach) -> bool:
        expected = ask_mac(self.parent, self._peer, ask.id, ask.key, ask.lanes)
        if not compare_digest(ask.mac, expected):
            raise RemoteProtocolError("an ask for a chat is not of the other side")
        handshake.check_offers(ask.lanes, may_reach)
        state = self.state
        known = state.agreed is not None and state.agreed.id == ask.id
        if known or ask.id in state.ended or ask == state.theirs:
            return False
        state.theirs = ask
        return True

    def _accepted(self, answer: OtrAccept, may_reach: MayReach) -> bool:
        state = self.state
        own, key = state.own, state.own_key
        if own is None or key is None or answer.id != own.id:
            return False
        expected = accept_mac(self.parent, self._peer, own, answer.key, answer.lanes)
        if not compare_digest(answer.mac, expected):
            raise RemoteProtocolError("an answer to our ask is not of the other side")
        handshake.check_offers(answer.lanes, may_reach)
        shared = key.exchange(answer.key)
        state.agreed = agree(self.parent, shared, own, answer, state.own_lanes, asked=True)
        state.theirs = None
        self._forget_own()
        return True

    def _ended(self, name: bytes) -> bool:
        state = self.state
        if state.own is not None and name == state.own.id:
            state.refused = True
        elif (state.theirs is None or name != state.theirs.id) and (
            state.agreed is None or name != state.agreed.id
        ):
            return False
        self._over(name)
        return True

    def _over(self, name: bytes) -> None:
        state = self.state
        state.ended = [*state.ended, name][-MOST_ENDED:]
        if state.agreed is not None and state.agreed.id == name:
            state.agreed = state.answer = None
        if state.theirs is not None and state.theirs.id == name:
            state.theirs = None
        if state.own is not None and state.own.id == name:
            self._forget_own()

    def _forget_own(self) -> None:
        self.state.own, self.state.own_key, self.state.own_lanes = None, None, ()


def begin(
    agreed: Agreed, card: ProfileCard, clock: Clock
) -> tuple[Connection, list[LaneState], list[Effect]]:
    """Return the connection of a chat, lanes of ours that it has no use for, and its welcome.

    Raises `RemoteProtocolError` for keys that no honest side has.
    """
    count = min(len(agreed.lanes), len(agreed.offers))
    kept, left = agreed.lanes[:count], list(agreed.lanes[count:])
    for number, lane in enumerate(kept):
        lane.number, lane.unsigned = number, True
    nobody = Secret(clock.random(32))
    shake = HandshakeState(
        role=Role.ALICE if agreed.asked else Role.BOB,
        phase=Phase.PENDING,
        code=CodeKeys(NO_KEY, agreed.cid, None, is_address=False, private=True),
        cid=agreed.cid,
        profile=card,
        # Nothing is signed with it, and nobody is told the public half.
        proof_key=nobody,
        agreement_key=None,
        mode=Mode.PRIVATE,
    )
    machine = Connection.begin(shake, kept, clock)
    lanes: list[Lane] = [*machine.lanes.values()]
    start_all(lanes, agreed.offers[:count], agreed.secret, initiator=not agreed.asked, clock=clock)
    return machine, left, [machine.welcome(), do.Moved(Phase.PENDING)]


def offer(lane: LaneState) -> Offer:
    """Return what the other side has to know of a queue of ours: no key that signs."""
    found = Lane(lane).offer()
    return msgspec.structs.replace(found, sender_key=NO_KEY)


# What both can compute


def agree(  # noqa: PLR0913 - what a chat rests on
    parent: Parent,
    shared: Secret,
    ask: OtrAsk,
    answer: OtrAccept,
    lanes: Sequence[LaneState],
    *,
    asked: bool,
) -> Agreed:
    """Return what both sides have agreed on; ``shared`` is X25519 of the two keys."""
    names = _digest(ask.id, ask.key, ask.lanes) + _digest(answer.id, answer.key, answer.lanes)
    secret = hkdf(shared, salt=parent.key, info=b"gc/1 otr" + names, size=32)
    cid = ConnectionId(sha256(b"gc/1 otr cid" + names).digest()[:16])
    offers = answer.lanes if asked else ask.lanes
    return Agreed(ask.id, cid, secret, tuple(lanes), offers, asked)


def ask_mac(
    parent: Parent, author: Role, name: bytes, key: bytes, lanes: tuple[Offer, ...]
) -> bytes:
    return _mac(parent, author, b"gc/1 otr ask", _digest(name, key, lanes))


def accept_mac(
    parent: Parent, author: Role, ask: OtrAsk, key: bytes, lanes: tuple[Offer, ...]
) -> bytes:
    asked = _digest(ask.id, ask.key, ask.lanes)
    return _mac(parent, author, b"gc/1 otr accept", asked + _digest(ask.id, key, lanes))


def end_mac(parent: Parent, author: Role, name: bytes) -> bytes:
    return _mac(parent, author, b"gc/1 otr end", name)


def _mac(parent: Parent, author: Role, what: bytes, data: bytes) -> bytes:
    role = bytes([author is Role.BOB])
    return digest(parent.key.reveal(), what + parent.cid + role + data, "sha256")


def _digest(name: bytes, key: bytes, lanes: tuple[Offer, ...]) -> bytes:
    return sha256(msgspec.msgpack.encode([name, key, lanes])).digest()
