"""What a relay is to the outside: its key, its place, and who may create queues."""

from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest

from graphchat.errors import CodeError
from graphchat.ids import Fingerprint
from graphchat.wire.codec import InvalidObjectError
from graphchat.wire.uri import fingerprint, split_create_uri


@dataclass(slots=True)
class Site:
    identity: bytes
    """The public key; empty until the store was opened that has it."""
    path: str
    public_url: str | None
    tokens: frozenset[bytes] | None
    """SHA-256 of each. None: everybody may create queues."""

    @property
    def fingerprint(self) -> Fingerprint:
        return fingerprint(self.identity)

    def base(self, scheme: str, host: str) -> str:
        """Return what the URIs of queues begin with. Raises `InvalidObjectError`."""
        if self.public_url is not None:
            return self.public_url
        if "/" in host:
            raise InvalidObjectError("Host")
        try:
            # Which scheme a host may have is for clients to judge.
            split_create_uri(f"https://{host}{self.path}")
        except CodeError:
            raise InvalidObjectError("Host") from None
        return f"{scheme}://{host}{self.path}"

    def welcomes(self, token: str | None) -> bool:
        """Tell whether ``token`` lets create queues."""
        return self.ticket(token) is not None

    def ticket(self, token: str | None) -> bytes | None:
        """Return the hash of ``token`` if it lets create queues, b"" if everybody may.

        Compares with every one, in constant time.
        """
        if self.tokens is None:
            return None if token is not None else b""
        shown = sha256((token or "").encode(errors="replace")).digest()
        found = [compare_digest(shown, known) for known in self.tokens]
        return shown if True in found else None
