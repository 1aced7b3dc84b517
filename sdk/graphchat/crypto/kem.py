"""ML-KEM-768 (FIPS 203): a second secret, for the day when a quantum computer breaks X25519.

A side without it talks to one with it: both then rest on X25519 alone.
"""

from collections.abc import Callable
from typing import Final, Protocol, Self, final, runtime_checkable

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey

from graphchat.clock import Clock
from graphchat.errors import LocalProtocolError, RemoteProtocolError
from graphchat.secret import Secret

SEED: Final = 64
PUBLIC: Final = 1184
CIPHERTEXT: Final = 1088


def available() -> bool:
    """Tell whether the cryptography library of this machine has ML-KEM-768."""
    try:
        MLKEM768PrivateKey.from_seed_bytes(bytes(SEED))
    except UnsupportedAlgorithm:
        return False
    return True


@final
class KemKey:
    """A decapsulation key, kept as its seed ``d || z`` (FIPS 203, section 7.1). Never changes."""

    __slots__ = ("_made", "seed")

    def __init__(self, seed: Secret) -> None:
        if len(seed.reveal()) != SEED:
            raise LocalProtocolError("The seed of an ML-KEM key has 64 bytes.")
        self.seed: Final = seed
        # Made at the first use: a ratchet that is only loaded and stored needs none.
        self._made: MLKEM768PrivateKey | None = None

    @classmethod
    def generate(cls, clock: Clock) -> Self:
        return cls(Secret(clock.random(SEED)))

    @property
    def public(self) -> bytes:
        """The encapsulation key, 1184 bytes."""
        return self._key().public_key().public_bytes_raw()

    def decapsulate(self, ciphertext: bytes) -> Secret:
        """Return the 32 bytes that the other side encapsulated.

        Raises `RemoteProtocolError` for a ciphertext of a wrong length. A forged one of the right
        length gives another secret: what is sealed with it does not open (implicit rejection).
        """
        try:
            return Secret(self._key().decapsulate(ciphertext))
        except ValueError:
            raise RemoteProtocolError("An ML-KEM ciphertext is not valid.") from None

    def _key(self) -> MLKEM768PrivateKey:
        if self._made is None:
            self._made = MLKEM768PrivateKey.from_seed_bytes(self.seed.reveal())
        return self._made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KemKey) and self.seed == other.seed

    def __hash__(self) -> int:
        return hash((KemKey, self.seed))

    def __repr__(self) -> str:
        return f"KemKey({self.seed})"


@runtime_checkable
class Witness(Clock, Protocol):
    """A clock that keeps, or repeats, what the library draws by itself."""

    def encapsulated(self, make: Callable[[], tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
        """Return secret and ciphertext: those of ``make``, or others."""
        ...


def encapsulate(public: bytes, clock: Clock | None = None) -> tuple[bytes, Secret]:
    """Return a ciphertext for the holder of ``public``, and the secret in it.

    Its randomness is the library's own, unless the clock is a `Witness`. Raises
    `RemoteProtocolError` for a key that has a wrong length or fails the modulus check (FIPS 203,
    section 7.2).
    """
    try:
        make = MLKEM768PublicKey.from_public_bytes(public).encapsulate
        secret, ciphertext = clock.encapsulated(make) if isinstance(clock, Witness) else make()
    except ValueError:
        raise RemoteProtocolError("An ML-KEM key of the other side is not valid.") from None
    return ciphertext, Secret(secret)
