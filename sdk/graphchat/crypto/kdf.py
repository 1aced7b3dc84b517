"""Keys from keys: HKDF (RFC 5869) and the chain step, both with SHA-256."""

from hmac import digest

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from graphchat.secret import Secret


def hkdf(secret: Secret | bytes, *, salt: Secret | bytes, info: bytes, size: int) -> Secret:
    """Derive ``size`` bytes. An empty ``salt`` counts as 32 zero bytes (RFC 5869, section 2.2)."""
    return Secret(HKDF(SHA256(), size, bare(salt), info).derive(bare(secret)))


def chain_step(chain: Secret) -> tuple[Secret, Secret]:
    """Return the message key and the next chain key (docs/protocol.md, section 13)."""
    key = chain.reveal()
    return Secret(digest(key, b"\x01", "sha256")), Secret(digest(key, b"\x02", "sha256"))


def bare(value: Secret | bytes) -> bytes:
    return value.reveal() if isinstance(value, Secret) else value
