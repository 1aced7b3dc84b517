"""What is inside an envelope: layout and padding of its header and body (section 13).

Padding is zero bytes and nothing else: whatever differs is refused, so that one content has one
form.
"""

from typing import Final, Self, final

from msgspec import Struct

from graphchat.crypto import kem
from graphchat.crypto.aead import OVERHEAD
from graphchat.crypto.keys import PUBLIC, SIGNATURE
from graphchat.errors import DecryptionError, LocalProtocolError
from graphchat.wire.limits import SIZES, size_class

HEADER: Final = 1 + PUBLIC + 4 + 4 + kem.PUBLIC + kem.CIPHERTEXT
SEALED_HEADER: Final = HEADER + OVERHEAD
# The length of the frame, and the length of the signature.
BODY_START: Final = 4 + 1

KEM_KEY: Final = 1
KEM_CIPHERTEXT: Final = 2


@final
class Header(Struct, frozen=True, array_like=True):
    """What the ratchet says beside each frame. Absent ML-KEM values are empty."""

    key: bytes
    previous: int
    """``PN``: envelopes in the chain before this one."""
    number: int
    """``N``: envelopes before this one in its chain."""
    kem_key: bytes = b""
    kem_ciphertext: bytes = b""

    def pack(self) -> bytes:
        flags = KEM_KEY * bool(self.kem_key) + KEM_CIPHERTEXT * bool(self.kem_ciphertext)
        return b"".join(
            (
                flags.to_bytes(1, "big"),
                self.key,
                self.previous.to_bytes(4, "big"),
                self.number.to_bytes(4, "big"),
                self.kem_key.ljust(kem.PUBLIC, b"\0"),
                self.kem_ciphertext.ljust(kem.CIPHERTEXT, b"\0"),
            )
        )

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """Read a header. Raises `DecryptionError`."""
        key, ciphertext = data[41 : 41 + kem.PUBLIC], data[41 + kem.PUBLIC :]
        header = cls(
            data[1:33],
            int.from_bytes(data[33:37], "big"),
            int.from_bytes(data[37:41], "big"),
            key if data[0] & KEM_KEY else b"",
            ciphertext if data[0] & KEM_CIPHERTEXT else b"",
        )
        if header.pack() != data:
            raise DecryptionError("The header of an envelope is not well-formed.")
        return header


def pack_body(frame: bytes, signature: bytes, size: int | None) -> bytes:
    """Return the body for an envelope of ``size`` bytes; None takes the smallest that fits.

    Raises `LocalProtocolError` if it does not fit.
    """
    if len(signature) not in {0, SIGNATURE}:
        raise LocalProtocolError("A signature has 64 bytes, or none.")
    start = b"".join(
        (len(frame).to_bytes(4, "big"), len(signature).to_bytes(1, "big"), frame, signature)
    )
    return pad(start, SEALED_HEADER + OVERHEAD, size)


def unpack_body(data: bytes) -> tuple[bytes, bytes]:
    """Return frame and signature. Raises `DecryptionError`."""
    middle = BODY_START + int.from_bytes(data[:4], "big")
    end = middle + data[4]
    if data[4] not in {0, SIGNATURE} or not is_padding(data, end):
        raise DecryptionError("The body of an envelope is not well-formed.")
    return data[BODY_START:middle], data[middle:end]


def pad(text: bytes, overhead: int, size: int | None) -> bytes:
    """Append zero bytes until ``overhead`` more bytes make ``size``.

    None takes the smallest class that fits. Raises `LocalProtocolError` if it does not fit.
    """
    if size is None:
        size = size_class(len(text) + overhead)
    if size not in SIZES or len(text) + overhead > size:
        raise LocalProtocolError(f"{len(text)} bytes do not fit into an envelope of {size} bytes.")
    return text.ljust(size - overhead, b"\0")


def is_padding(data: bytes, start: int) -> bool:
    """Tell whether ``data`` reaches to ``start``, and has only zero bytes from there."""
    return start <= len(data) and data[start:] == bytes(len(data) - start)
