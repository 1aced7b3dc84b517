"""The session that a relay opens on each socket: what its nonce makes signable."""

import re
from dataclasses import dataclass, field
from typing import Final

from graphchat.crypto.keys import SigningKey
from graphchat.errors import RemoteProtocolError
from graphchat.transport.faults import no_relay, stranger
from graphchat.wire.frames import decode_server
from graphchat.wire.signing import socket_bytes
from graphchat.wire.socket import Session as Greeting
from graphchat.wire.uri import RelayAddress, fingerprint

# Nothing in it may end the line that it is signed in.
_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{8,128}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Session:
    relay: RelayAddress
    nonce: str = field(repr=False)

    def auth(self, key: SigningKey, uri: str, kind: str) -> bytes:
        """Return the proof, good on this socket only, that ``key`` asks for ``kind``."""
        return key.sign(socket_bytes(self.relay.fingerprint, self.nonce, uri, kind))


def opened(relay: RelayAddress, frame: str | bytes) -> Session:
    """Return the session that the first frame of a socket opens.

    Raises `RelayIdentityError` if the relay is another one than its address says, and
    `RelayUnreachableError` if this is no such frame.
    """
    try:
        first, *more = decode_server(frame)
    except (RemoteProtocolError, ValueError):
        raise no_relay(relay) from None
    if not isinstance(first, Greeting) or more or not _NONCE.fullmatch(first.nonce):
        raise no_relay(relay)
    if fingerprint(first.relay) != relay.fingerprint:
        raise stranger(relay)
    return Session(relay, first.nonce)
