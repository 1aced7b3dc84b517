"""A backup as bytes: a head that anybody may read, and sealed pieces that come in order.

docs/protocol.md, section 18. The head is `magic (8) || u8 version = 1 || u32 operations ||
u64 memory || salt (16) || u64 generation || u64 seconds since 1970 || stream header (24) ||
check (16)`, the check being the first bytes of BLAKE2b, keyed by what the passphrase makes,
over all before. The pieces are those of libsodium's `crypto_secretstream`
(XChaCha20-Poly1305): one that is missing, moved, repeated or changed does not open, and the
last says that it is the last.
"""

import struct
from dataclasses import dataclass
from hashlib import blake2b
from hmac import compare_digest
from typing import Final, Self

from nacl.bindings import (
    crypto_secretstream_xchacha20poly1305_ABYTES as ABYTES,
    crypto_secretstream_xchacha20poly1305_HEADERBYTES as STREAM_HEADER,
    crypto_secretstream_xchacha20poly1305_init_pull as init_pull,
    crypto_secretstream_xchacha20poly1305_init_push as init_push,
    crypto_secretstream_xchacha20poly1305_pull as pull,
    crypto_secretstream_xchacha20poly1305_push as push,
    crypto_secretstream_xchacha20poly1305_state as StreamState,  # noqa: N812 - it is a class
    crypto_secretstream_xchacha20poly1305_TAG_FINAL as LAST,
    crypto_secretstream_xchacha20poly1305_TAG_MESSAGE as MORE,
)

from graphchat.clock import Clock
from graphchat.crypto import vault
from graphchat.crypto.kdf import hkdf
from graphchat.crypto.vault import Strength
from graphchat.errors import PassphraseError, StoreError
from graphchat.secret import Secret

OVERHEAD: Final[int] = ABYTES
"""Bytes that sealing adds to a piece."""
PIECE: Final = 65_536
"""Bytes of text in a piece; the last one may have fewer."""
SEALED: Final = PIECE + OVERHEAD

_MAGIC: Final = b"GCBACKUP"
_VERSION: Final = 1
_HEAD: Final = struct.Struct(">8sBIQ16sQQ")
_SALT: Final = 16
_CHECK: Final = 16
HEAD_SIZE: Final = _HEAD.size + STREAM_HEADER + _CHECK

DAMAGED: Final = "The backup is damaged or cut off. Use another copy of it."
_NONE: Final = "This file is no backup of graphchat. Choose another."


@dataclass(frozen=True, slots=True)
class Head:
    """What a backup says of itself to whoever has the file."""

    strength: Strength
    salt: bytes
    generation: int
    """How often the home had been restored when it was made."""
    made_at: int
    """Seconds since 1970-01-01 UTC."""
    stream: bytes
    check: bytes
    signed: bytes
    """All before the check."""

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the first `HEAD_SIZE` bytes of a backup. Raises `StoreError`."""
        if not data.startswith(_MAGIC) or len(data) <= len(_MAGIC):
            raise StoreError(_NONE)
        if data[len(_MAGIC)] > _VERSION:
            raise StoreError("This backup was made by a newer version. Please update graphchat.")
        if len(data) < HEAD_SIZE or data[len(_MAGIC)] != _VERSION:
            raise StoreError(DAMAGED)
        _, _, operations, memory, salt, generation, made_at = _HEAD.unpack_from(data)
        try:
            strength = Strength(operations, memory)
        except ValueError:
            raise StoreError("The backup asks for too much work. Do not trust it.") from None
        end = HEAD_SIZE - _CHECK
        stream, check = data[_HEAD.size : end], data[end:HEAD_SIZE]
        return cls(strength, salt, generation, made_at, stream, check, data[:end])


class Sealer:
    """Makes one backup."""

    def __init__(
        self, passphrase: str, generation: int, clock: Clock, strength: Strength = vault.MODERATE
    ) -> None:
        salt = clock.random(_SALT)
        stream_key, check_key = _keys(passphrase, salt, strength)
        self._state = StreamState()
        start = _HEAD.pack(
            _MAGIC,
            _VERSION,
            strength.operations,
            strength.memory,
            salt,
            generation,
            int(clock.now()),
        )
        start += init_push(self._state, stream_key.reveal())
        self.head: Final = start + _check(check_key, start)

    def seal(self, text: bytes, *, last: bool) -> bytes:
        """Return the next piece."""
        return push(self._state, text, self.head, LAST if last else MORE)


class Opener:
    """Opens one backup, piece after piece.

    Raises `PassphraseError` for another passphrase than it was made with, which a damaged head
    looks like.
    """

    def __init__(self, head: Head, passphrase: str) -> None:
        stream_key, check_key = _keys(passphrase, head.salt, head.strength)
        if not compare_digest(_check(check_key, head.signed), head.check):
            raise PassphraseError("The passphrase does not open this backup. Try again.")
        self._ad = head.signed + head.check
        self._state = StreamState()
        init_pull(self._state, head.stream, stream_key.reveal())

    def open(self, piece: bytes) -> tuple[bytes, bool]:
        """Return the text of the next piece, and whether it is the last. Raises `StoreError`."""
        if len(piece) < OVERHEAD:
            raise StoreError(DAMAGED)
        try:
            text, tag = pull(self._state, piece, self._ad)
        except RuntimeError:
            raise StoreError(DAMAGED) from None
        return text, tag == LAST


def _keys(passphrase: str, salt: bytes, strength: Strength) -> tuple[Secret, Secret]:
    made = vault.stretch(passphrase, salt, strength)
    both = hkdf(made, salt=b"", info=b"gc/1 backup", size=64).reveal()
    return Secret(both[:32]), Secret(both[32:])


def _check(key: Secret, data: bytes) -> bytes:
    return blake2b(data, digest_size=_CHECK, key=key.reveal()).digest()
