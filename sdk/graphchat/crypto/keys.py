"""Keys of the two curves: Ed25519 to sign (RFC 8032), X25519 to agree (RFC 7748)."""

from dataclasses import dataclass, field
from typing import Final, Self, final

from nacl.bindings import (
    crypto_scalarmult,
    crypto_scalarmult_base,
    crypto_sign,
    crypto_sign_open,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import CryptoError

from graphchat.clock import Clock
from graphchat.errors import LocalProtocolError, RemoteProtocolError
from graphchat.secret import Secret

SEED: Final = 32
"""Bytes of every private key."""
PUBLIC: Final = 32
"""Bytes of every public key."""
SIGNATURE: Final = 64
"""Bytes of a signature."""


@final
@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key. Equal keys have equal seeds; neither repr nor pickle shows one."""

    seed: Secret
    public: bytes = field(init=False, compare=False)
    # Seed and public key in one, as libsodium wants them: expanding costs more than signing.
    _expanded: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        public, expanded = crypto_sign_seed_keypair(checked_seed(self.seed))
        object.__setattr__(self, "public", public)
        object.__setattr__(self, "_expanded", expanded)

    @classmethod
    def generate(cls, clock: Clock) -> Self:
        return cls(Secret(clock.random(SEED)))

    def sign(self, data: bytes) -> bytes:
        """Return the 64 bytes of the signature over ``data``."""
        return crypto_sign(data, self._expanded)[:SIGNATURE]


def verify(public: bytes, data: bytes, signature: bytes) -> bool:
    """Tell whether ``signature`` is by ``public`` over ``data``.

    Never raises, and does one verification for any input.
    """
    fits = len(public) == PUBLIC and len(signature) == SIGNATURE
    if not fits:
        public, signature = _DECOY.public, _DECOY_SIGNATURE
    try:
        crypto_sign_open(signature + data, public)
    except CryptoError:
        return False
    return fits


@final
@dataclass(frozen=True, slots=True)
class AgreementKey:
    """An X25519 key. Equal keys have equal seeds; neither repr nor pickle shows one."""

    seed: Secret
    public: bytes = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "public", crypto_scalarmult_base(checked_seed(self.seed)))

    @classmethod
    def generate(cls, clock: Clock) -> Self:
        return cls(Secret(clock.random(SEED)))

    def exchange(self, public: bytes) -> Secret:
        """Return the 32 bytes that both sides compute.

        Raises `RemoteProtocolError` for a key of a wrong length, or of small order: the result
        would be zero whatever our key is (RFC 7748, section 6.1).
        """
        if len(public) != PUBLIC:
            raise RemoteProtocolError("A public key of the other side has a wrong length.")
        try:
            shared = crypto_scalarmult(self.seed.reveal(), public)
        except CryptoError:
            shared = bytes(PUBLIC)
        if shared == bytes(PUBLIC):
            raise RemoteProtocolError("A public key of the other side is of small order.")
        return Secret(shared)


def checked_seed(seed: Secret) -> bytes:
    """Return the bytes of ``seed``; raise `LocalProtocolError` unless they are 32."""
    data = seed.reveal()
    if len(data) != SEED:
        raise LocalProtocolError("A private key has 32 bytes.")
    return data


# Verified in place of what has a wrong length, so that a wrong length costs what a wrong bit does.
_DECOY: Final = SigningKey(Secret(bytes(SEED)))
_DECOY_SIGNATURE: Final = _DECOY.sign(b"decoy")
