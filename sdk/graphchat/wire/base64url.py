"""Binary values as text in URIs and headers: base64url without padding."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from graphchat.errors import RemoteProtocolError

ALPHABET: Final = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


def to_text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def from_text(text: str, size: int) -> bytes:
    """Read exactly ``size`` bytes. One value has one spelling: another one is an error.

    Raises `RemoteProtocolError`.
    """
    length = (4 * size + 2) // 3
    if len(text) == length and ALPHABET.fullmatch(text):
        data = urlsafe_b64decode(text + "=" * (-length % 4))
        # The spare bits of the last character must be zero, else two texts would name one value.
        if to_text(data) == text:
            return data
    raise RemoteProtocolError(f"expected {length} characters of base64url")
