"""What both sides compute once a code was scanned (docs/protocol.md, section 12).

Alice made the code, Bob scanned it.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final, final

from graphchat.crypto.kdf import hkdf
from graphchat.crypto.keys import AgreementKey
from graphchat.crypto.words import word
from graphchat.ids import ConnectionId
from graphchat.secret import Secret

NO_PSK: Final = bytes(32)


def code_hash(payload: bytes, *, address: bool) -> bytes:
    """Return ``H``, which binds everything below to one code (section 10)."""
    return sha256(b"gc/1 code" + bytes([address]) + payload).digest()


@final
@dataclass(frozen=True, slots=True)
class Agreed:
    """The first secret, and the public values that it rests on."""

    code_hash: bytes
    ckb: bytes
    ekb0: bytes
    ms0: Secret

    @property
    def confirm_key(self) -> Secret:
        """Seals what Bob says first."""
        return hkdf(self.ms0, salt=b"", info=b"gc/1 confirm", size=32)

    @property
    def answer_key(self) -> Secret:
        """Seals what Alice answers."""
        return hkdf(self.ms0, salt=b"", info=b"gc/1 answer", size=32)


@final
@dataclass(frozen=True, slots=True)
class Side:
    """The private keys of one side that make the first secret: its ``CK`` and its ``EK_0``."""

    connection: AgreementKey
    ratchet: AgreementKey


def agree_as_bob(
    own: Side, cka: bytes, eka0: bytes, code_hash: bytes, psk: Secret | None
) -> Agreed:
    """Agree with the maker of a code.

    Raises `RemoteProtocolError` for public keys that no honest side has.
    """
    shared = (
        own.connection.exchange(cka),
        own.connection.exchange(eka0),
        own.ratchet.exchange(cka),
    )
    return agreed(shared, own.connection.public, own.ratchet.public, code_hash, psk)


def agree_as_alice(
    own: Side, ckb: bytes, ekb0: bytes, code_hash: bytes, psk: Secret | None
) -> Agreed:
    """Agree with somebody who scanned the code.

    Raises `RemoteProtocolError` for public keys that no honest side has.
    """
    shared = (
        own.connection.exchange(ckb),
        own.ratchet.exchange(ckb),
        own.connection.exchange(ekb0),
    )
    return agreed(shared, ckb, ekb0, code_hash, psk)


def agreed(
    shared: tuple[Secret, ...], ckb: bytes, ekb0: bytes, code_hash: bytes, psk: Secret | None
) -> Agreed:
    dh = b"".join(secret.reveal() for secret in shared)
    info = b"gc/1 x3dh" + code_hash + ckb + ekb0
    return Agreed(code_hash, ckb, ekb0, hkdf(dh, salt=psk or NO_PSK, info=info, size=32))


def final_secret(ms0: Secret, kem: Secret | None, *, private: bool = False) -> Secret:
    """Return ``ms``: with an invitation ``ms0`` itself, with an address mixed with ML-KEM.

    In private mode it is another one: who takes the mode for the other opens nothing.
    """
    ms = ms0 if kem is None else hkdf(kem, salt=ms0, info=b"gc/1 kem", size=32)
    return hkdf(ms, salt=b"", info=b"gc/1 private", size=32) if private else ms


@final
@dataclass(frozen=True, slots=True)
class LaneSecrets:
    """Where the ratchet of one lane starts."""

    root: Secret
    bob_header: Secret
    """Seals the headers of Bob's first chain."""
    alice_next_header: Secret
    """Seals the headers of Alice's first chain."""


def lane_secrets(ms: Secret, index: int) -> LaneSecrets:
    data = hkdf(ms, salt=b"", info=b"gc/1 lane" + bytes([index]), size=96).reveal()
    return LaneSecrets(Secret(data[:32]), Secret(data[32:64]), Secret(data[64:]))


def added_lane_secrets(
    shared: Secret, seeds: bytes, cid: ConnectionId, number: int
) -> LaneSecrets:
    """Return the secrets of a lane that is added to a connection.

    ``shared`` is X25519 of the two new ratchet keys; ``seeds`` are the random bytes of both
    sides, which travelled by older lanes: they keep out whoever breaks X25519 later.
    """
    info = b"gc/1 added" + cid + number.to_bytes(8, "big")
    data = hkdf(shared, salt=seeds, info=info, size=96).reveal()
    return LaneSecrets(Secret(data[:32]), Secret(data[32:64]), Secret(data[64:]))


def otr_key(ms: Secret) -> Secret:
    """Return what both sides keep to know each other off the record: a key that either may use."""
    return hkdf(ms, salt=b"", info=b"gc/1 otr key", size=32)


def address_connection_id(address_id: bytes, ckb: bytes) -> ConnectionId:
    return ConnectionId(sha256(b"gc/1 cid" + address_id + ckb).digest()[:16])


def safety_words(ms: Secret, pka: bytes, pkb: bytes) -> tuple[str, ...]:
    """Return six words that are equal on both sides if nobody is in between."""
    data = hkdf(ms, salt=b"", info=b"gc/1 sas" + pka + pkb, size=9).reveal()
    bits = int.from_bytes(data, "big")
    return tuple(word(bits >> shift & 0xFFF) for shift in range(60, -1, -12))


@final
@dataclass(frozen=True, slots=True)
class Origin:
    """Which connection both sides sign their proof keys for; nothing in it is secret."""

    code_hash: bytes
    cid: ConnectionId
    ckb: bytes
    private: bool = False
    """Whether nothing else is signed in this connection."""

    def confirmation_statement(self, pkb: bytes) -> bytes:
        """Return what Bob signs: that his proof key belongs to this connection."""
        return self._start + pkb + self._mode

    def answer_statement(self, pka: bytes, pkb: bytes) -> bytes:
        """Return what Alice signs: that her proof key belongs to this connection with Bob's."""
        return self._start + pka + pkb + self._mode

    @property
    def _start(self) -> bytes:
        return b"gc/1 hello" + self.code_hash + self.cid + self.ckb

    @property
    def _mode(self) -> bytes:
        return bytes([self.private])
