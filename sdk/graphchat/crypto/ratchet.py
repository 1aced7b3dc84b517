"""The Double Ratchet of one lane, with header encryption and ML-KEM-768 (section 13).

Signal's specification, revision 1, section 4, with two additions: an ML-KEM secret goes into the
root beside the X25519 one, and header keys outlive their chain for a while, so that a repeated
envelope is known for what it is. A ratchet is a value: every step gives another one, and a
failed opening changes nothing.
"""

from typing import Final, Self, final

from msgspec import MsgspecError, Struct
from msgspec.msgpack import Decoder, Encoder
from msgspec.structs import replace

from graphchat.clock import Clock
from graphchat.crypto.aead import seal, unseal
from graphchat.crypto.agreement import LaneSecrets
from graphchat.crypto.chains import Chain, bounded
from graphchat.crypto.envelope import SEALED_HEADER, Header, pack_body, unpack_body
from graphchat.crypto.kdf import chain_step, hkdf
from graphchat.crypto.kem import KemKey, encapsulate
from graphchat.crypto.keys import AgreementKey
from graphchat.errors import (
    DecryptionError,
    LocalProtocolError,
    RemoteProtocolError,
    StoreError,
)
from graphchat.ids import ConnectionId
from graphchat.secret import Secret
from graphchat.wire.limits import SIZES

NEXT: Final = -1
"""The place of the chain that has not begun."""


@final
class Sending(Struct, frozen=True, array_like=True):
    """The chain that we send by."""

    header_key: Secret
    key: Secret
    header: Header
    """Of the next envelope."""


@final
class Ratchet(Struct, frozen=True, array_like=True):
    """The state of one side of one lane."""

    use_kem: bool
    root: Secret
    own: AgreementKey
    kem: KemKey | None
    next_sending: Secret
    next_receiving: Secret
    sending: Sending | None = None
    receiving: tuple[Chain, ...] = ()

    @classmethod
    def initiator(
        cls, lane: LaneSecrets, own: AgreementKey, other: bytes, clock: Clock, *, kem: bool
    ) -> "Ratchet":
        """Start as Bob, with ``EKB_i`` and the public ``EKA_i``; he can send at once.

        ``kem`` says whether ML-KEM is to be used (`graphchat.crypto.kem.available`). Raises
        `RemoteProtocolError` for a public key that no honest side has.
        """
        start = cls(kem, lane.root, own, None, lane.bob_header, lane.alice_next_header)
        return turned(start, own, Header(other, 0, 0), clock)

    @classmethod
    def responder(cls, lane: LaneSecrets, own: AgreementKey, *, kem: bool) -> Self:
        """Start as Alice, with ``EKA_i``; she can send after `begun`, or an envelope."""
        return cls(kem, lane.root, own, None, lane.alice_next_header, lane.bob_header)

    def begun(self, other: bytes, clock: Clock) -> "Ratchet":
        """Take Alice's first step at once, with the public ``EKB_i``.

        She knows it from the handshake, so she need not wait for an envelope, which a relay of
        hers may drop. Bob's ML-KEM key comes with his first header, for the step after this.
        Raises `RemoteProtocolError` for a public key that no honest side has.
        """
        header = Header(other, 0, 0)
        return turned(stepped(self, header), AgreementKey.generate(clock), header, clock)

    @property
    def can_send(self) -> bool:
        return self.sending is not None

    @property
    def missing(self) -> int:
        """Envelopes that have not come, although later ones have; at most `SKIPPED` are known."""
        return sum(len(chain.skipped) for chain in self.receiving)

    @property
    def post_quantum(self) -> bool:
        """Whether the newest step has an ML-KEM secret in it, for which the other sent its key."""
        return self.sending is not None and self.sending.header.kem_ciphertext != b""

    def seal(
        self, frame: bytes, signature: bytes, size: int | None, cid: ConnectionId, clock: Clock
    ) -> tuple[bytes, "Ratchet"]:
        """Return an envelope of ``size`` bytes, and the ratchet after it.

        None takes the smallest size class that fits. Raises `LocalProtocolError` if nothing can
        be sent yet, or the frame does not fit.
        """
        sending = self.sending
        if sending is None:
            raise LocalProtocolError("A lane can send once something came by it.")
        body = pack_body(frame, signature, size)
        message, key = chain_step(sending.key)
        header = sending.header
        start = seal(sending.header_key, header.pack(), cid, clock)
        envelope = start + seal(message, body, cid + start, clock)
        following = replace(header, number=header.number + 1)
        return envelope, replace(self, sending=Sending(sending.header_key, key, following))

    def open(
        self, envelope: bytes, cid: ConnectionId, clock: Clock
    ) -> tuple[bytes, bytes, "Ratchet"]:
        """Return frame, signature, and the ratchet after them.

        Raises `RepeatedError` for an envelope whose message key was used or dropped, else
        `DecryptionError`.
        """
        if len(envelope) not in SIZES:
            raise DecryptionError("An envelope has a length that is no size class.")
        start, body = envelope[:SEALED_HEADER], envelope[SEALED_HEADER:]
        place, header = find(self, start, cid)
        try:
            at = stepped(self, header) if place == NEXT else self
            key, after = taken(at, max(0, place), header.number)
            frame, signature = unpack_body(unseal(key, body, cid + start))
            # Last: whoever joins a header with another body shall not make us compute all this.
            if place == NEXT:
                after = turned(after, AgreementKey.generate(clock), header, clock)
        except DecryptionError:
            raise
        except RemoteProtocolError as error:
            raise DecryptionError(str(error)) from None
        return frame, signature, after

    def encode(self) -> bytes:
        """Return the state for the store, which encrypts it: all secrets are in it."""
        return ENCODER.encode(self)

    @staticmethod
    def decode(data: bytes) -> "Ratchet":
        """Read what `encode` returned. Raises `StoreError`."""
        try:
            return DECODER.decode(data)
        except (MsgspecError, LocalProtocolError):
            raise StoreError("The state of a lane in the database is damaged.") from None


def find(ratchet: Ratchet, start: bytes, cid: ConnectionId) -> tuple[int, Header]:
    """Return the place of the chain whose header key opens ``start``, and the header."""
    # Most envelopes are of the newest chain, then of the next.
    places = (*range(len(ratchet.receiving))[:1], NEXT, *range(len(ratchet.receiving))[1:])
    for place in places:
        key = ratchet.next_receiving if place == NEXT else ratchet.receiving[place].header_key
        try:
            return place, Header.unpack(unseal(key, start, cid))
        except DecryptionError:
            continue
    raise DecryptionError


def taken(ratchet: Ratchet, place: int, number: int) -> tuple[Secret, Ratchet]:
    """Return the message key of one envelope, and the ratchet that has it no longer."""
    chains = ratchet.receiving
    key, left = chains[place].take(number)
    grown = len(left.skipped) > len(chains[place].skipped)
    chains = (*chains[:place], left, *chains[place + 1 :])
    return key, replace(ratchet, receiving=bounded(chains) if grown else chains)


def stepped(ratchet: Ratchet, header: Header) -> Ratchet:
    """Take the receiving half of a step: the other side has begun a chain."""
    secret = None
    if header.kem_ciphertext:
        if ratchet.kem is None:
            raise DecryptionError("An envelope answers an ML-KEM key that nobody sent.")
        secret = ratchet.kem.decapsulate(header.kem_ciphertext)
    root, key, following = root_step(ratchet.root, ratchet.own.exchange(header.key), secret)
    chains = ratchet.receiving
    if chains:
        chains = (chains[0].end_at(header.previous), *chains[1:])
    chains = bounded((Chain(ratchet.next_receiving, key, 0, {}), *chains))
    return replace(ratchet, root=root, next_receiving=following, receiving=chains)


def turned(ratchet: Ratchet, own: AgreementKey, other: Header, clock: Clock) -> Ratchet:
    """Take the sending half of a step, towards the keys in the newest header of the other."""
    ciphertext, secret = b"", None
    if ratchet.use_kem and other.kem_key:
        ciphertext, secret = encapsulate(other.kem_key, clock)
    root, key, following = root_step(ratchet.root, own.exchange(other.key), secret)
    kem = KemKey.generate(clock) if ratchet.use_kem else None
    previous = ratchet.sending.header.number if ratchet.sending else 0
    header = Header(own.public, previous, 0, kem.public if kem else b"", ciphertext)
    return replace(
        ratchet,
        root=root,
        own=own,
        kem=kem,
        sending=Sending(ratchet.next_sending, key, header),
        next_sending=following,
    )


def root_step(root: Secret, shared: Secret, kem: Secret | None) -> tuple[Secret, Secret, Secret]:
    """Return the next root, a chain key, and a next header key."""
    secret = shared.reveal() + (kem.reveal() if kem else b"")
    data = hkdf(secret, salt=root, info=b"gc/1 root", size=96).reveal()
    return Secret(data[:32]), Secret(data[32:64]), Secret(data[64:])


def reveal(value: object) -> bytes:
    if isinstance(value, KemKey):
        value = value.seed
    if not isinstance(value, Secret):
        raise TypeError
    return value.reveal()


def conceal(kind: type, value: object) -> Secret | KemKey:
    if not isinstance(value, bytes):
        raise TypeError
    return KemKey(Secret(value)) if kind is KemKey else Secret(value)


ENCODER: Final = Encoder(enc_hook=reveal)
DECODER: Final = Decoder(Ratchet, dec_hook=conceal)
