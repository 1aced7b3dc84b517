"""Sealing: with a shared key (XChaCha20-Poly1305, IETF), or to a public key (sealed box)."""

from typing import Final

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt as decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt as encrypt,
    crypto_box_seal,
    crypto_box_seal_open,
)
from nacl.exceptions import CryptoError

from graphchat.clock import Clock
from graphchat.crypto.keys import AgreementKey
from graphchat.errors import DecryptionError, RemoteProtocolError
from graphchat.secret import Secret

NONCE: Final = 24
OVERHEAD: Final = NONCE + 16
"""Bytes that `seal` adds: the nonce before, the tag behind."""
BOX_OVERHEAD: Final = 32 + 16
"""Bytes that `seal_box` adds: the ephemeral public key, the tag."""


def seal(key: Secret, text: bytes, ad: bytes, clock: Clock) -> bytes:
    """Return a fresh nonce and the ciphertext; `unseal` wants the same ``ad``."""
    nonce = clock.random(NONCE)
    return nonce + encrypt(text, ad, nonce, key.reveal())


def unseal(key: Secret, data: bytes, ad: bytes) -> bytes:
    """Return the text, or raise `DecryptionError`."""
    if len(data) < OVERHEAD:
        raise DecryptionError
    try:
        return decrypt(data[NONCE:], ad, data[:NONCE], key.reveal())
    except CryptoError:
        raise DecryptionError from None


def seal_box(public: bytes, text: bytes) -> bytes:
    """Seal to whoever holds the X25519 key: libsodium's ``crypto_box_seal``.

    The ephemeral key comes from libsodium itself. Raises `RemoteProtocolError` for a key that
    cannot be one.
    """
    try:
        return crypto_box_seal(text, public)
    except CryptoError:
        raise RemoteProtocolError("A public key of the other side is not valid.") from None


def unseal_box(key: AgreementKey, data: bytes) -> bytes:
    """Return the text, or raise `DecryptionError`."""
    try:
        return crypto_box_seal_open(data, key.public, key.seed.reveal())
    except CryptoError:
        raise DecryptionError from None
