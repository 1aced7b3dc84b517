"""The vault: a small file that holds the key of a database, wrapped by a passphrase or in clear.

Layout, integers big endian: `magic (7) || u8 version = 1 || u8 method`, then for method 0
`key (32)`, for method 1 `u32 operations || u64 memory || salt (16) || AEAD(wrapping key, key,
ad = all before)`; then a BLAKE2b checksum (16) of everything before. The checksum protects
nothing: it tells a damaged file from a wrong passphrase.
"""

import struct
import unicodedata
from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b
from hmac import compare_digest
from typing import Final

from nacl.bindings import crypto_pwhash_alg, crypto_pwhash_ALG_ARGON2ID13 as ARGON2ID13
from nacl.exceptions import CryptoError

from graphchat.clock import Clock
from graphchat.crypto.aead import OVERHEAD, seal, unseal
from graphchat.errors import DecryptionError, PassphraseError, StoreError
from graphchat.secret import Secret

KEY_SIZE: Final = 32
MAX_PASSPHRASE: Final = 1024
"""Characters of a passphrase: far beyond what anybody types, and quick to hash."""

_MAGIC: Final = b"GCVAULT"
_VERSION: Final = 1
_HEAD: Final = struct.Struct(">7sBB")
_ARGON2: Final = struct.Struct(">IQ16s")
_SALT: Final = 16
_CHECKSUM: Final = 16
_OPEN_SIZE: Final = _HEAD.size + KEY_SIZE
_WRAPPED_SIZE: Final = _HEAD.size + _ARGON2.size + OVERHEAD + KEY_SIZE
MAX_SIZE: Final = _WRAPPED_SIZE + _CHECKSUM
"""Bytes of the largest vault: nobody needs to read more."""

_MIN_MEMORY: Final = 8192
"""Bytes; libsodium's own lower limit."""
_MAX_MEMORY: Final = 1 << 30
"""Bytes; libsodium's "sensitive". A planted file must not make us use 10 GB."""
_MAX_OPERATIONS: Final = 8
"""Passes; with 1 GiB some ten seconds. "Sensitive" is 4."""


class _Method(IntEnum):
    OPEN = 0
    ARGON2ID = 1


@dataclass(frozen=True, slots=True)
class Strength:
    """What one guess of the passphrase costs: passes over ``memory`` bytes by Argon2id.

    Raises `ValueError` beyond 8 passes or outside 8 KiB to 1 GiB.
    """

    operations: int
    memory: int

    def __post_init__(self) -> None:
        if not 1 <= self.operations <= _MAX_OPERATIONS:
            raise ValueError("operations must be 1 to 8")
        if not _MIN_MEMORY <= self.memory <= _MAX_MEMORY:
            raise ValueError("memory must be 8 KiB to 1 GiB")


MODERATE: Final = Strength(operations=3, memory=256 << 20)
"""libsodium's "moderate": about a second and 256 MiB for one guess."""


def create(
    passphrase: str | None, clock: Clock, strength: Strength = MODERATE
) -> tuple[bytes, Secret]:
    """Return the bytes of a new vault, and the random key that it holds.

    Without a passphrase the file *is* the key: whoever reads it can read the database.
    Raises `PassphraseError` for an empty or endless passphrase.
    """
    key = Secret(clock.random(KEY_SIZE))
    return pack(key, passphrase, clock, strength), key


def unlock(vault: bytes, passphrase: str | None) -> Secret:
    """Return the key. Costs what the strength of the vault says.

    Raises `PassphraseError` if this passphrase (or none) does not open it, `StoreError` if the
    bytes are damaged, no vault, or from a newer version.
    """
    match _method(vault):
        case _Method.OPEN:
            if passphrase is not None:
                raise PassphraseError("This database has no passphrase. Open it without one.")
            return Secret(vault[_HEAD.size : _OPEN_SIZE])
        case _Method.ARGON2ID:
            if passphrase is None:
                raise PassphraseError("This database needs its passphrase.")
            return _unwrap(vault, passphrase)


def protected(vault: bytes) -> bool:
    """Say whether the vault wants a passphrase. Raises `StoreError` like `unlock`."""
    return _method(vault) is not _Method.OPEN


def rewrap(
    vault: bytes,
    passphrase: str | None,
    new_passphrase: str | None,
    clock: Clock,
    strength: Strength = MODERATE,
) -> bytes:
    """Return a vault with the same key under another passphrase. Raises what `unlock` raises."""
    return pack(unlock(vault, passphrase), new_passphrase, clock, strength)


def pack(key: Secret, passphrase: str | None, clock: Clock, strength: Strength) -> bytes:
    """Return the vault of a key that exists already. Raises `PassphraseError` as `create`."""
    if passphrase is None:
        body = _HEAD.pack(_MAGIC, _VERSION, _Method.OPEN) + key.reveal()
    else:
        salt = clock.random(_SALT)
        ad = _HEAD.pack(_MAGIC, _VERSION, _Method.ARGON2ID)
        ad += _ARGON2.pack(strength.operations, strength.memory, salt)
        wrapping = stretch(passphrase, salt, strength)
        body = ad + seal(wrapping, key.reveal(), ad, clock)
    return body + _checksum(body)


def _method(vault: bytes) -> _Method:
    """Return how the key is kept, after everything that can be checked without a passphrase."""
    damaged = StoreError("The vault file of the database is damaged. Restore it from a backup.")
    if len(vault) < _HEAD.size + _CHECKSUM or not vault.startswith(_MAGIC):
        raise damaged
    # Before the checksum: nobody knows where a newer version has it.
    if vault[len(_MAGIC)] > _VERSION:
        raise StoreError("The vault file was made by a newer version. Please update graphchat.")
    body, checksum = vault[:-_CHECKSUM], vault[-_CHECKSUM:]
    if not compare_digest(checksum, _checksum(body)):
        raise damaged
    match body[_HEAD.size - 1], len(body):
        case _Method.OPEN, _ if len(body) == _OPEN_SIZE:
            return _Method.OPEN
        case _Method.ARGON2ID, _ if len(body) == _WRAPPED_SIZE:
            return _Method.ARGON2ID
        case _:
            raise damaged


def _unwrap(vault: bytes, passphrase: str) -> Secret:
    operations, memory, salt = _ARGON2.unpack_from(vault, _HEAD.size)
    try:
        strength = Strength(operations, memory)
    except ValueError:
        raise StoreError("The vault file asks for too much work. Do not trust it.") from None
    end_of_ad = _HEAD.size + _ARGON2.size
    wrapping = stretch(passphrase, salt, strength)
    try:
        return Secret(unseal(wrapping, vault[end_of_ad:-_CHECKSUM], vault[:end_of_ad]))
    except DecryptionError:
        raise PassphraseError from None


def stretch(passphrase: str, salt: bytes, strength: Strength) -> Secret:
    """Return 32 bytes that cost what ``strength`` says to make of a passphrase.

    Raises `PassphraseError` for an empty or endless one, `StoreError` without the memory.
    """
    if not 0 < len(passphrase) <= MAX_PASSPHRASE:
        raise PassphraseError("A passphrase has 1 to 1024 characters. Choose another.")
    # One keyboard writes an accent as one character, another as two.
    text = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")
    try:
        key = crypto_pwhash_alg(
            KEY_SIZE, text, salt, strength.operations, strength.memory, ARGON2ID13
        )
    except (CryptoError, MemoryError):
        raise StoreError("There is not enough memory to open the database.") from None
    return Secret(key)


def _checksum(body: bytes) -> bytes:
    return blake2b(body, digest_size=_CHECKSUM).digest()
