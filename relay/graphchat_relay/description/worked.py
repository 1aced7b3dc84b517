"""One request and one socket object, signed: every byte of them can be checked.

The keys are no secrets: their seeds are the SHA-256 of texts.
"""

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from graphchat.crypto.keys import SigningKey
from graphchat.ids import Fingerprint
from graphchat.secret import Secret
from graphchat.wire import rest
from graphchat.wire.base64url import to_text
from graphchat.wire.signing import NONCE_BYTES, Authorization, request_bytes, socket_bytes
from graphchat.wire.uri import ID_BYTES, fingerprint

BASE: Final = "https://relay.example/q"
# 2026-01-01 00:00:00 UTC.
NOW: Final = 1_767_225_600
NONCE: Final = to_text(bytes(range(NONCE_BYTES)))
RECIPIENT_ID: Final = to_text(bytes(range(ID_BYTES)))
SENDER_ID: Final = to_text(bytes(range(ID_BYTES, 2 * ID_BYTES)))
MESSAGE_ID: Final = to_text(bytes(range(12)))


def key(name: str) -> SigningKey:
    """Return the key of the relay, the recipient or the sender of the examples."""
    return SigningKey(Secret(sha256(f"graph-chat/1 example {name}".encode()).digest()))


def base64(data: bytes) -> str:
    return b64encode(data).decode()


RELAY: Final[Fingerprint] = fingerprint(key("relay").public)


@dataclass(frozen=True, slots=True)
class Worked:
    """What is signed, and what comes of it."""

    signed: str
    result: str


def request() -> Worked:
    """``PUT <RU>``, which names the sender's key, signed by the recipient."""
    body = rest.encode(rest.SecureQueue(key("sender").public))
    data = request_bytes("PUT", RELAY, f"/q/{RECIPIENT_ID}", NOW, NONCE, body)
    signature = key("recipient").sign(data)
    return Worked(data.decode(), Authorization(NOW, NONCE, signature).header)


def subscription() -> Worked:
    """Return the ``auth`` of a subscription, signed by the recipient."""
    data = socket_bytes(RELAY, NONCE, f"{BASE}/{RECIPIENT_ID}", "subscribe")
    return Worked(data.decode(), base64(key("recipient").sign(data)))
