"""Proof of work for requests at an address: cheap to check, and as dear to find as the code says.

docs/protocol.md, section 12. It binds whoever asks to the code and to the key of this one
request, so nothing can be found in advance, or used twice.
"""

from hashlib import blake2b
from typing import Final

NONCE: Final = 8

_LABEL: Final = b"gc/1 pow"
_SIZE: Final = 32


def is_enough(code_hash: bytes, ckb: bytes, nonce: bytes, bits: int) -> bool:
    """Tell whether ``nonce`` shows the work that a code wants; anything does for 0 bits."""
    if bits <= 0:
        return True
    made = blake2b(_LABEL + code_hash + ckb + nonce, digest_size=_SIZE).digest()
    return len(nonce) == NONCE and int.from_bytes(made) >> (8 * _SIZE - bits) == 0


def search(code_hash: bytes, ckb: bytes, bits: int, start: int, count: int) -> bytes | None:
    """Try ``count`` nonces from ``start`` on; return one that is enough, or None."""
    base = blake2b(_LABEL + code_hash + ckb, digest_size=_SIZE)
    limit = (1 << (8 * _SIZE - bits)).to_bytes(_SIZE + 1)[1:] if bits else b"\xff" * (_SIZE + 1)
    for number in range(start, start + count):
        nonce = number.to_bytes(NONCE)
        attempt = base.copy()
        attempt.update(nonce)
        if attempt.digest() < limit:
            return nonce
    return None
