"""Sections 12 and 13 written from the text alone: slow, mutable, without the library."""

import hmac
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt as decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt as encrypt,
)
from nacl.exceptions import CryptoError


def mac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


def hkdf(secret: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    key, block, result = mac(salt or bytes(32), secret), b"", b""
    for number in range(1, -(-size // 32) + 1):
        block = mac(key, block + info + bytes([number]))
        result += block
    return result[:size]


def x25519(private: bytes, public: bytes) -> bytes:
    own = X25519PrivateKey.from_private_bytes(private)
    return own.exchange(X25519PublicKey.from_public_bytes(public))


def public(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


@dataclass
class Dice:
    """The random bytes of README.md."""

    seed: bytes
    block: int = 0

    def random(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += sha256(self.seed + self.block.to_bytes(8, "big")).digest()
            self.block += 1
        return data[:size]


@dataclass
class Lane:
    """One side, with the names of Signal's specification."""

    cid: bytes
    dice: Dice
    RK: bytes
    DHs: bytes
    HKs: bytes = b""
    NHKs: bytes = b""
    NHKr: bytes = b""
    HKr: bytes = b""
    CKs: bytes = b""
    CKr: bytes = b""
    Ns: int = 0
    Nr: int = 0
    PN: int = 0
    kem: bytes | None = None
    """The seed of our ML-KEM key; None if this side has no ML-KEM."""
    tail: bytes = bytes(1184 + 1088)
    flags: int = 0
    skipped: dict[tuple[bytes, int], bytes] = field(default_factory=dict)
    encapsulated: list[dict[str, str]] = field(default_factory=list)
    """The results of our encapsulations, in the order in which we need them."""

    def start_as_bob(self, eka: bytes) -> None:
        self._send_half(eka, b"")

    def _root(self, shared: bytes, kem: bytes) -> tuple[bytes, bytes]:
        data = hkdf(shared + kem, self.RK, b"gc/1 root", 96)
        self.RK = data[:32]
        return data[32:64], data[64:]

    def _send_half(self, other: bytes, kem_key: bytes) -> None:
        ciphertext, secret = b"", b""
        if self.kem is not None and kem_key:
            made = self.encapsulated.pop(0)
            ciphertext, secret = bytes.fromhex(made["ciphertext"]), bytes.fromhex(made["secret"])
        self.CKs, self.NHKs = self._root(x25519(self.DHs, other), secret)
        key = b""
        if self.kem is not None:
            self.kem = self.dice.random(64)
            made_key = MLKEM768PrivateKey.from_seed_bytes(self.kem)
            key = made_key.public_key().public_bytes_raw()
        self.flags = bool(key) + 2 * bool(ciphertext)
        self.tail = key.ljust(1184, b"\0") + ciphertext.ljust(1088, b"\0")

    def seal(self, frame: bytes, signature: bytes, size: int) -> tuple[bytes, bytes]:
        """Return the message key and the envelope."""
        numbers = self.PN.to_bytes(4, "big") + self.Ns.to_bytes(4, "big")
        header = bytes([self.flags]) + public(self.DHs) + numbers + self.tail
        nonce = self.dice.random(24)
        start = nonce + encrypt(header, self.cid, nonce, self.HKs)
        key, self.CKs = mac(self.CKs, b"\x01"), mac(self.CKs, b"\x02")
        self.Ns += 1
        body = len(frame).to_bytes(4, "big") + bytes([len(signature)]) + frame + signature
        nonce = self.dice.random(24)
        padded = body.ljust(size - 2353 - 40, b"\0")
        return key, start + nonce + encrypt(padded, self.cid + start, nonce, key)

    def open(self, envelope: bytes) -> tuple[bytes, bytes] | None:
        """Return frame and signature, or None if the key was used."""
        start, body = envelope[:2353], envelope[2353:]
        header_key, header = self._open_header(start)
        number = int.from_bytes(header[37:41], "big")
        if (header_key, number) in self.skipped:
            return self._open_body(self.skipped.pop((header_key, number)), start, body)
        begins = header_key == self.NHKr
        if begins:
            self._receive_half(header)
        if header_key != self.HKr or number < self.Nr:
            return None
        self._skip(number)
        key, self.CKr = mac(self.CKr, b"\x01"), mac(self.CKr, b"\x02")
        self.Nr += 1
        result = self._open_body(key, start, body)
        if begins:
            self.DHs = self.dice.random(32)
            self._send_half(header[1:33], header[41 : 41 + 1184] if header[0] & 1 else b"")
        return result

    def _receive_half(self, header: bytes) -> None:
        if self.HKr:
            self._skip(int.from_bytes(header[33:37], "big"))
        self.HKr, self.HKs, self.PN = self.NHKr, self.NHKs, self.Ns
        self.Ns = self.Nr = 0
        kem = b""
        if header[0] & 2:
            assert self.kem is not None
            kem = MLKEM768PrivateKey.from_seed_bytes(self.kem).decapsulate(header[41 + 1184 :])
        self.CKr, self.NHKr = self._root(x25519(self.DHs, header[1:33]), kem)

    def _skip(self, until: int) -> None:
        while self.Nr < until:
            self.skipped[self.HKr, self.Nr] = mac(self.CKr, b"\x01")
            self.CKr = mac(self.CKr, b"\x02")
            self.Nr += 1

    def _open_header(self, start: bytes) -> tuple[bytes, bytes]:
        for key in filter(None, (self.HKr, self.NHKr, *(key for key, _ in self.skipped))):
            with suppress(CryptoError):
                return key, decrypt(start[24:], self.cid, start[:24], key)
        raise AssertionError("no header key fits")

    def _open_body(self, key: bytes, start: bytes, body: bytes) -> tuple[bytes, bytes]:
        text = decrypt(body[24:], self.cid + start, body[:24], key)
        middle = 5 + int.from_bytes(text[:4], "big")
        return text[5:middle], text[middle : middle + text[4]]


def sides(vector: dict[str, Any], *, name: bytes, kem: bool) -> dict[str, Lane]:
    """Return both sides as they are before the first event of a transcript."""
    data = hkdf(bytes.fromhex(vector["ms"]), b"", b"gc/1 lane\x00", 96)
    root, bob_header, alice_next = data[:32], data[32:64], data[64:]
    cid, seed = bytes.fromhex(vector["cid"]), b"" if kem else None
    dice = {side: Dice(name + b" " + side.encode()) for side in ("alice", "bob")}
    keys = {side: dice[side].random(32) for side in dice}
    alice = Lane(cid, dice["alice"], root, keys["alice"], NHKs=alice_next, NHKr=bob_header)
    bob = Lane(cid, dice["bob"], root, keys["bob"], HKs=bob_header, NHKr=alice_next)
    for side, lane in (("alice", alice), ("bob", bob)):
        lane.kem = seed
        events = (event for event in vector["events"] if event["by"] == side)
        lane.encapsulated = [e["encapsulated"] for e in events if e.get("encapsulated")]
    bob.start_as_bob(public(keys["alice"]))
    return {"alice": alice, "bob": bob}
