"""What clients sign, so that a relay knows who may do what with a queue (sections 4 and 5).

No key is needed here: callers sign and verify the returned bytes.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from graphchat.clock import Clock
from graphchat.errors import RemoteProtocolError
from graphchat.ids import Fingerprint
from graphchat.wire.base64url import from_text, to_text
from graphchat.wire.limits import SIGNATURE

NONCE_BYTES: Final = 16
SCHEME: Final = "GraphChat "
HEADER: Final = re.compile(
    r"GraphChat ts=(\d{1,12}),nonce=([A-Za-z0-9_-]{22}),sig=([A-Za-z0-9_-]{86})", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Authorization:
    """The value of the ``Authorization`` header of a signed request."""

    ts: int
    """Seconds since 1970-01-01 UTC, of the client."""
    nonce: str
    """22 random characters: a repeated request has the same."""
    signature: bytes

    @classmethod
    def parse(cls, value: str) -> Self:
        """Read a header. Raises `RemoteProtocolError`."""
        found = HEADER.fullmatch(value)
        if found is None:
            raise RemoteProtocolError("the Authorization header is malformed")
        ts, nonce, signature = found.groups()
        from_text(nonce, NONCE_BYTES)
        return cls(int(ts), nonce, from_text(signature, SIGNATURE))

    @property
    def header(self) -> str:
        return f"{SCHEME}ts={self.ts},nonce={self.nonce},sig={to_text(self.signature)}"


def new_nonce(clock: Clock) -> str:
    return to_text(clock.random(NONCE_BYTES))


def request_bytes(  # noqa: PLR0913, PLR0917 - the six things that a signature binds together
    method: str, relay: Fingerprint, path: str, ts: int, nonce: str, body: bytes
) -> bytes:
    """Return what the ``Authorization`` of a REST request signs.

    ``path`` is the request target as sent: the path and, if there is one, ``?`` and the query.
    """
    digest = to_text(sha256(body).digest())
    lines = ("graph-chat/1", method, to_text(relay), path, str(ts), nonce, digest)
    return "\n".join(lines).encode()


def socket_bytes(relay: Fingerprint, session_nonce: str, uri: str, kind: str) -> bytes:
    """Return what the ``auth`` of a socket object signs; ``kind`` is its ``type``."""
    return "\n".join(("graph-chat/1 ws", to_text(relay), session_nonce, uri, kind)).encode()
