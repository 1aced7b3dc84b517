"""How a code becomes a connection: confirmation, answer, welcome.

Alice made the code, Bob scanned it. docs/protocol.md, section 12.

    Alice   invited -> requested -> pending -> established
    Bob     requested -> pending -> established
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

import msgspec

from graphchat.clock import Clock
from graphchat.content import ProfileCard, Turn
from graphchat.content.lanes import MAX_LANES, Offer
from graphchat.crypto import agreement, handshake as boxes, kem
from graphchat.crypto.agreement import Agreed, Origin, Side
from graphchat.crypto.kem import KemKey
from graphchat.crypto.keys import AgreementKey, SigningKey, verify
from graphchat.crypto.work import NONCE, is_enough
from graphchat.errors import GraphchatError, LocalProtocolError, RemoteProtocolError
from graphchat.ids import ConnectionId
from graphchat.secret import Secret
from graphchat.wire.uri import split_create_uri

MAX_TEXT: Final = 1_000
"""Characters of what somebody says with a request."""
KEM_SIZE: Final = max(kem.PUBLIC, kem.CIPHERTEXT)
GRACE: Final = 86_400.0
"""Seconds after the end of a code: what was sent before it may be read later."""
MAX_TURNS: Final = 999
"""Proof keys of a side after the first one: as many as a proof can show."""


MayReach = Callable[[str], bool]
"""Tells whether this side goes to a relay that the other side names, by its base."""


class Role(StrEnum):
    ALICE = "alice"  # made the code
    BOB = "bob"  # scanned it


class Phase(StrEnum):
    INVITED = "invited"  # the code is out
    REQUESTED = "requested"  # Alice: somebody wants to connect; Bob: asked, no answer yet
    PENDING = "pending"  # both know all keys; the other's welcome is not here yet
    ESTABLISHED = "established"


class Mode(StrEnum):
    """Whether what is said can be proved to others; chosen before the first message."""

    PROVABLE = "provable"  # every frame and receipt is signed
    PRIVATE = "private"  # nothing is signed but the proof keys themselves


class Hello(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of a confirmation (Bob) or an answer (Alice)."""

    lanes: Annotated[tuple[Offer, ...], msgspec.Meta(min_length=1, max_length=MAX_LANES)]
    proof: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
    signature: Annotated[bytes, msgspec.Meta(min_length=64, max_length=64)]
    profile: ProfileCard
    kem: Annotated[bytes, msgspec.Meta(max_length=KEM_SIZE)] = b""
    text: Annotated[str, msgspec.Meta(max_length=MAX_TEXT)] = ""
    mode: Mode = Mode.PROVABLE
    work: Annotated[bytes, msgspec.Meta(max_length=NONCE)] = b""
    next: Annotated[tuple[Turn, ...], msgspec.Meta(max_length=MAX_TURNS)] = ()


class CodeKeys(msgspec.Struct, frozen=True):
    """What both sides know of the code that started a connection."""

    hash: bytes
    """``H`` of section 10."""
    id: bytes
    psk: Secret | None
    """None for an address, and once the handshake is done."""
    is_address: bool
    private: bool = False
    """Whoever uses the code gets a private connection."""
    work: int = 0
    """Bits of work that whoever uses it has to show."""
    until: int = 0
    """Until when it is good, in seconds since 1970; 0: for as long as its queues are there."""


class HandshakeState(msgspec.Struct):
    """What is stored of a handshake; `forget` drops the secrets that only it needs."""

    role: Role
    phase: Phase
    code: CodeKeys
    cid: bytes
    profile: ProfileCard
    """Our own card, as it was shown to the other side."""
    proof_key: Secret
    """Signs nothing but our statement, if the mode is private."""
    agreement_key: Secret | None
    """Our X25519 ``CK``."""
    kem_key: Secret | None = None
    first: Secret | None = None
    """``ms0``."""
    final: Secret | None = None
    """``ms``: lanes and safety words come from it. With an invitation it is ``ms0``."""
    words: tuple[str, ...] = ()
    """The safety words, once both sides have agreed."""
    otr: Secret | None = None
    """The key of both for chats off the record; None in what older versions have begun."""
    introducers: tuple[str, ...] = ()
    """Who has introduced the two, by the names that they had here."""
    ckb: bytes = b""
    ekb0: bytes = b""
    peer_agreement: bytes = b""
    """Bob: ``CKA``. Alice: the ``CKB`` that alone may use a code, if she was told it."""
    peer_proof: bytes = b""
    signature: bytes = b""
    """Under our statement of section 12: a proof begins with both."""
    peer_signature: bytes = b""
    mode: Mode = Mode.PROVABLE
    """Alice: from the confirmation on, of Bob's choice, or that of her code. Never changes."""
    peer_profile: ProfileCard | None = None
    peer_lanes: tuple[Offer, ...] = ()
    peer_kem: bytes = b""
    text: str = ""
    work: bytes = b""
    """Bob: the nonce that the code wants."""
    refusals: int = 0
    """Bob: queues of the code that took no confirmation."""
    turns: tuple[Turn, ...] = ()
    """Of a code for new keys: all proof keys of our stream after the first one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer settles: the final secret, and the envelopes or what was in one."""

    final: Secret
    envelopes: tuple[bytes, ...]
    hello: Hello


@dataclass(frozen=True, slots=True)
class Asked:
    """A confirmation that was opened: who asks, and what the rest of the handshake needs."""

    cid: ConnectionId
    agreed: Agreed
    hello: Hello


def check_fresh(code: CodeKeys, now: float) -> None:
    """Alice: raise `RemoteProtocolError` for a code that is used long after its time."""
    if code.until and now > code.until + GRACE:
        raise RemoteProtocolError("a code is used after the time until which it was good")


def start_as_bob(state: HandshakeState, first_lane: AgreementKey, eka0: bytes) -> None:
    """Bob: agree on the first secret, with the keys of the code and of our first lane."""
    assert state.agreement_key is not None
    side = Side(AgreementKey(state.agreement_key), first_lane)
    agreed = agreement.agree_as_bob(
        side, state.peer_agreement, eka0, state.code.hash, state.code.psk
    )
    state.first, state.ckb, state.ekb0 = agreed.ms0, agreed.ckb, agreed.ekb0


def write_confirmation(
    state: HandshakeState, offers: tuple[Offer, ...], lane_keys: Sequence[bytes], clock: Clock
) -> list[bytes]:
    """Bob: return the envelope for each lane of the code; ``lane_keys`` are its ``EKA``."""
    agreed, proof = _agreed(state), SigningKey(state.proof_key)
    statement = origin(state).confirmation_statement(proof.public)
    state.signature = proof.sign(statement)
    hello = Hello(
        offers,
        proof.public,
        state.signature,
        state.profile,
        KemKey(state.kem_key).public if state.kem_key else b"",
        state.text,
        state.mode,
        state.work,
        state.turns,
    )
    text = msgspec.msgpack.encode(hello)
    return [boxes.seal_confirmation(agreed, key, text, clock) for key in lane_keys]


def read_confirmation(code: CodeKeys, side: Side, lane: AgreementKey, envelope: bytes) -> Asked:
    """Alice: open what came to the queue of ``lane``; ``side`` has the keys of her code.

    Raises `RemoteProtocolError` (`DecryptionError` if it is not for this code).
    """
    box = boxes.open_confirmation(lane, envelope)
    agreed = agreement.agree_as_alice(side, box.ckb, box.ekb0, code.hash, code.psk)
    hello = _hello(box.text(agreed))
    # Before anything else is done for whoever asks.
    if not is_enough(code.hash, box.ckb, hello.work, code.work):
        raise RemoteProtocolError("a request does not show the work that its code wants")
    cid = ConnectionId(code.id)
    if code.is_address:
        cid = agreement.address_connection_id(code.id, box.ckb)
        if len(hello.kem) != kem.PUBLIC:
            raise RemoteProtocolError("a request at an address has no ML-KEM key")
    private = hello.mode is Mode.PRIVATE
    if code.private and not private:
        raise RemoteProtocolError("a confirmation wants to sign what the code says is private")
    origin = Origin(code.hash, cid, box.ckb, private)
    if not verify(hello.proof, origin.confirmation_statement(hello.proof), hello.signature):
        raise RemoteProtocolError("a confirmation is not signed by its author")
    if hello.lanes[0].ratchet_key != box.ekb0:
        raise RemoteProtocolError("a confirmation names another key than it was made with")
    return Asked(cid, agreed, hello)


def anywhere(_base: str) -> bool:
    """Go to every relay that the other side names."""
    return True


def check_offers(offers: Sequence[Offer], may_reach: MayReach) -> None:
    """Raise `RemoteProtocolError` for offers that no honest side makes, or that lead elsewhere."""
    try:
        bases = [split_create_uri(offer.base) for offer in offers]
    except GraphchatError:
        raise RemoteProtocolError("an offer names a relay that is none") from None
    if bases != [(offer.base, None) for offer in offers]:
        raise RemoteProtocolError("an offer names a relay in a way that is not canonical")
    if not all(may_reach(offer.base) for offer in offers):
        raise RemoteProtocolError("an offer names a relay that is not for others to name")


def note_request(state: HandshakeState, asked: Asked) -> None:
    """Alice: remember who asks."""
    agreed, hello = asked.agreed, asked.hello
    state.first, state.ckb, state.ekb0 = agreed.ms0, agreed.ckb, agreed.ekb0
    state.peer_profile, state.peer_proof = hello.profile, hello.proof
    state.peer_signature, state.mode = hello.signature, hello.mode
    state.peer_lanes, state.peer_kem = hello.lanes, hello.kem
    state.text, state.phase = hello.text, Phase.REQUESTED


def write_answer(state: HandshakeState, offers: tuple[Offer, ...], clock: Clock) -> Answer:
    """Alice: agree on the final secret; seal the answer for each of Bob's queues.

    Changes nothing. Raises `RemoteProtocolError` if a key of the request cannot be used.
    """
    agreed, proof = _agreed(state), SigningKey(state.proof_key)
    ciphertext, secret = b"", None
    if state.code.is_address:
        ciphertext, secret = kem.encapsulate(state.peer_kem)
    final = agreement.final_secret(agreed.ms0, secret, private=is_private(state))
    statement = origin(state).answer_statement(proof.public, state.peer_proof)
    hello = Hello(
        offers,
        proof.public,
        proof.sign(statement),
        state.profile,
        ciphertext,
        mode=state.mode,
        next=state.turns,
    )
    text = msgspec.msgpack.encode(hello)
    peers = state.peer_lanes[: len(offers)]
    envelopes = [boxes.seal_answer(agreed, peer.ratchet_key, text, clock) for peer in peers]
    return Answer(final, tuple(envelopes), hello)


def read_answer(state: HandshakeState, lane: AgreementKey, envelope: bytes) -> Answer:
    """Bob: open the answer that came to the queue of ``lane``.

    Changes nothing. Raises `RemoteProtocolError`.
    """
    agreed, proof = _agreed(state), SigningKey(state.proof_key)
    hello = _hello(boxes.open_answer(agreed, lane, envelope))
    if hello.mode is not state.mode:
        raise RemoteProtocolError("an answer is in another mode than the confirmation")
    statement = origin(state).answer_statement(hello.proof, proof.public)
    if not verify(hello.proof, statement, hello.signature):
        raise RemoteProtocolError("an answer is not signed by its author")
    secret = None
    if state.code.is_address:
        assert state.kem_key is not None
        secret = KemKey(state.kem_key).decapsulate(hello.kem)
    elif [_place(offer) for offer in hello.lanes] != [
        _place(offer) for offer in state.peer_lanes[: len(hello.lanes)]
    ]:
        raise RemoteProtocolError("an answer names other queues than the code")
    final = agreement.final_secret(agreed.ms0, secret, private=is_private(state))
    return Answer(final, (envelope,), hello)


def note_answer(state: HandshakeState, answer: Answer) -> None:
    """Both: remember what the answer settles."""
    state.final, own, hello = answer.final, SigningKey(state.proof_key).public, answer.hello
    if state.role is Role.BOB:
        state.peer_lanes, state.peer_proof = hello.lanes, hello.proof
        state.peer_profile, state.peer_signature = hello.profile, hello.signature
    else:
        state.signature = hello.signature
    bob = own if state.role is Role.BOB else state.peer_proof
    state.words = agreement.safety_words(answer.final, hello.proof, bob)
    state.otr = agreement.otr_key(answer.final)
    state.phase = Phase.PENDING


def origin(state: HandshakeState) -> Origin:
    """Return what both sides sign their proof keys for, once Bob's ``CKB`` is known."""
    return Origin(state.code.hash, ConnectionId(state.cid), state.ckb, is_private(state))


def is_private(state: HandshakeState) -> bool:
    """Tell whether nothing that is said is signed."""
    return state.mode is Mode.PRIVATE


def forget(state: HandshakeState) -> None:
    """Drop what could open the handshake, or the first frames of a lane, again: it is done."""
    state.agreement_key = state.kem_key = state.first = state.final = None
    state.code = msgspec.structs.replace(state.code, psk=None)
    state.peer_kem = b""


def _agreed(state: HandshakeState) -> Agreed:
    if state.first is None:
        raise LocalProtocolError("a handshake goes on before its first step")
    return Agreed(state.code.hash, state.ckb, state.ekb0, state.first)


def _place(offer: Offer) -> tuple[bytes, str, bytes, bytes]:
    return offer.relay, offer.base, offer.sender_id, offer.ratchet_key


def _hello(body: bytes) -> Hello:
    try:
        hello = msgspec.msgpack.decode(body, type=Hello)
    # The causes are cut off: their texts quote what the other side wrote.
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, GraphchatError):
        raise RemoteProtocolError("the body of a handshake is malformed") from None
    check_offers(hello.lanes, anywhere)
    return hello
