"""Who may: one verification for every request, and a memory of those that were seen."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Generic, TypeVar

from graphchat.clock import Clock
from graphchat.crypto.keys import SigningKey, verify
from graphchat.errors import RemoteProtocolError
from graphchat.ids import Fingerprint
from graphchat.secret import Secret
from graphchat.wire.base64url import from_text
from graphchat.wire.limits import CLOCK_SKEW, NONCE_MEMORY
from graphchat.wire.signing import Authorization, request_bytes
from graphchat.wire.uri import ID_BYTES

T = TypeVar("T")

_LOW: Final = 2**64 - 1

# Stands in for what is missing or malformed, so that every request costs one verification.
# The second is no signature of the first: nothing is allowed by them.
DECOY_KEY: Final = SigningKey(Secret(bytes(32))).public
DECOY_SIGNATURE: Final = SigningKey(Secret(bytes(32))).sign(b"decoy")


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody showed to be let in."""

    name: str
    """The last part of the URI: the id of a queue, if it is one."""
    data: bytes = b""
    """What was signed."""
    signature: bytes = b""
    """Empty: nothing was shown at all."""
    nonce: str = ""
    valid: bool = True
    """False if the request is malformed or too old, whatever the signature says."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A REST request, as far as its signature covers it."""

    method: str
    target: str
    """The path as sent, with the query."""
    header: str | None
    """The value of ``Authorization``."""
    body: bytes


def request_proof(clock: Clock, relay: Fingerprint, name: str, shown: Shown) -> Proof:
    """Return what a request for the queue ``name`` shows."""
    if shown.header is None:
        return Proof(name)
    try:
        found, valid = Authorization.parse(shown.header), True
    except RemoteProtocolError:
        found, valid = Authorization(0, "", DECOY_SIGNATURE), False
    fresh = abs(clock.now() - found.ts) <= CLOCK_SKEW
    data = request_bytes(shown.method, relay, shown.target, found.ts, found.nonce, shown.body)
    return Proof(name, data, found.signature, found.nonce, valid and fresh)


def allows(key: bytes, proof: Proof) -> bool:
    """Tell whether ``key`` made the proof. Takes the same time for any input."""
    found = verify(key or DECOY_KEY, proof.data, proof.signature or DECOY_SIGNATURE)
    return found and proof.valid and bool(key) and bool(proof.signature)


def id_hash(name: str) -> bytes:
    """Return that by which the store knows a queue. What is no id has a hash that is not there."""
    try:
        data = from_text(name, ID_BYTES)
    except RemoteProtocolError:
        data = b"no id: " + name.encode(errors="replace")
    return sha256(data).digest()


class Recent(Generic[T]):
    """What was seen in the last ten minutes, under a key that nobody outside can compute.

    Two generations, so that forgetting costs nothing. At a rate of more than 400 requests a
    second for ten minutes the memory is full, and the oldest are forgotten earlier: such a
    repetition is stored twice, and dropped by the recipient.
    """

    SIZE: Final = 2**18

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._secret: Final = clock.random(16)
        self._now: dict[int, T | None] = {}
        self._before: dict[int, T | None] = {}
        self._turned = clock.monotonic()

    def digest(self, queue: int, name: str, body: bytes) -> int:
        """Return the key of one request: 64 bits of its name, and 64 bits of its body.

        Python's own hash of strings is SipHash under a key of this process, and costs a fifth of
        SHA-256. The name carries the safety: whoever made a second body with the same hash would
        have to send it by the name of the first, and would only lose it.
        """
        return hash((self._secret, queue, name)) << 64 ^ hash(body) & _LOW

    def __contains__(self, digest: int) -> bool:
        return digest in self._now or digest in self._before

    def get(self, digest: int) -> T | None:
        """Return what was remembered with it, until it was settled."""
        return self._now.get(digest) or self._before.get(digest)

    def add(self, digest: int, value: T) -> None:
        now = self._clock.monotonic()
        if len(self._now) >= self.SIZE or now - self._turned >= NONCE_MEMORY:
            stale = now - self._turned >= 2 * NONCE_MEMORY
            self._before, self._now = ({} if stale else self._now), {}
            self._turned = now
        self._now[digest] = value

    def settle(self, digest: int) -> None:
        """Keep that it was seen, and let go of the value."""
        if digest in self._now:
            self._now[digest] = None
        elif digest in self._before:
            self._before[digest] = None

    def forget(self, digest: int) -> None:
        """Take it back: it was not done after all, and a repetition shall be tried."""
        self._now.pop(digest, None)
        self._before.pop(digest, None)
