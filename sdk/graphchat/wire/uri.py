"""Addresses of relays and of queues (docs/protocol.md, sections 1 and 2)."""

import re
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from typing import Final, Self
from urllib.parse import SplitResult, urlsplit

from graphchat.errors import CodeError, RemoteProtocolError
from graphchat.ids import Fingerprint, QueueId
from graphchat.secret import Secret
from graphchat.wire.base64url import from_text, to_text

LONGEST: Final = 512
# A code holds the length of the base in one byte.
LONGEST_BASE: Final = 255
ID_BYTES: Final = 18
ID_CHARACTERS: Final = 24
DEFAULT_PATH: Final = "/q"
# A token stands behind a part of this name, so base and token come apart again.
BEFORE_LAST: Final = "q"

# What a relay prints before its address, and people copy with it.
READY: Final = "relay ready "

TEXT: Final = re.compile(r"[!-~]+", re.ASCII)
PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)+", re.ASCII)
TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
HOST: Final = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+", re.ASCII)
# What the Domain Name System can carry.
LONGEST_NAME: Final = 253
LONGEST_LABEL: Final = 63


def fingerprint(public: bytes) -> Fingerprint:
    """Return what links say of the relay with this public identity key."""
    return Fingerprint(sha256(public).digest()[:16])


@dataclass(frozen=True, slots=True)
class RelayAddress:
    """Where a relay makes queues, and which key it must have."""

    base: str
    fingerprint: Fingerprint
    token: Secret | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``https://host/q[/token]#FP``, also behind ``relay ready``.

        Raises `CodeError`, with a sentence for people.
        """
        create, mark, name = text.strip().removeprefix(READY).strip().partition("#")
        base, token = split_create_uri(create)
        if not mark:
            raise CodeError(
                "The address of the relay has no fingerprint: it must end in # and 22 characters."
                " Copy the whole line that `graphchat relay serve` prints."
            )
        try:
            known = Fingerprint(from_text(name, 16))
        except RemoteProtocolError:
            raise CodeError(
                "The fingerprint behind the # is damaged: it has 22 characters. Copy it again."
            ) from None
        return cls(base, known, token)

    @property
    def create_uri(self) -> str:
        """Where queues are created: with the token, without the fingerprint."""
        if self.token is None:
            return self.base
        return f"{self.base}/{self.token.reveal().decode()}"

    @property
    def text(self) -> str:
        """What people exchange: with the token and the fingerprint."""
        return f"{self.create_uri}#{to_text(self.fingerprint)}"

    @property
    def socket_uri(self) -> str:
        """The base as ``ws`` or ``wss``. A socket needs no token."""
        return f"ws{self.base.removeprefix('http')}"

    def queue_uri(self, queue: QueueId) -> str:
        """Return the URI of the queue with this id, recipient's or sender's."""
        return f"{self.base}/{to_text(queue)}"


def split_create_uri(text: str) -> tuple[str, Secret | None]:
    """Split a create URI into base and token. Raises `CodeError`."""
    if not TEXT.fullmatch(text) or len(text) > LONGEST:
        raise CodeError(
            "This is no address of a relay: it must be printable ASCII without spaces,"
            f" at most {LONGEST} characters."
        )
    try:
        parts = urlsplit(text)
        origin = _origin(parts)
    except ValueError:
        raise CodeError("The host or port of the relay's address cannot be read.") from None
    if parts.query or "?" in text or "#" in text:
        raise CodeError("The address of a relay has no ? and at most one #.")
    path, token = _split_path(parts.path)
    base = origin + path
    if len(base) > LONGEST_BASE:
        raise CodeError(f"The address of the relay is longer than {LONGEST_BASE} characters.")
    return base, token


def queue_id(uri: str) -> QueueId:
    """Return the id at the end of a recipient or sender URI. Raises `RemoteProtocolError`."""
    return QueueId(from_text(uri.rpartition("/")[2], ID_BYTES))


def base_of(uri: str) -> str:
    """Return the base of a recipient or sender URI. Raises `RemoteProtocolError`."""
    base, _, name = uri.rpartition("/")
    from_text(name, ID_BYTES)
    return base


def is_loopback(host: str) -> bool:
    """Tell whether ``host`` can be nothing but this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _origin(parts: SplitResult) -> str:
    """Return scheme, host and port in their one spelling. Raises `CodeError`, `ValueError`."""
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in {"http", "https"} or not _is_host(host):
        raise CodeError("The address of a relay starts with https:// and a host name.")
    if parts.username is not None or parts.password is not None:
        raise CodeError("The address of a relay has no name or password before its host.")
    if parts.scheme == "http" and not is_loopback(host):
        raise CodeError(
            "Plain http is for relays on this machine only. Use the https:// address of the relay."
        )
    port = parts.port
    shown = f"[{ip_address(host)}]" if ":" in host else host
    if port is None or port == {"http": 80, "https": 443}[parts.scheme]:
        return f"{parts.scheme}://{shown}"
    return f"{parts.scheme}://{shown}:{port}"


def _is_host(host: str) -> bool:
    """Tell whether ``host`` is spelled as a name or an IP address can be."""
    if not HOST.fullmatch(host) or len(host) > LONGEST_NAME:
        return False
    return ":" in host or all(0 < len(label) <= LONGEST_LABEL for label in host.split("."))


def _split_path(path: str) -> tuple[str, Secret | None]:
    path = path.rstrip("/") or DEFAULT_PATH
    if not PATH.fullmatch(path) or "/./" in f"{path}/" or "/../" in f"{path}/":
        raise CodeError("The path of the relay's address has characters that no relay uses.")
    front, _, last = path.rpartition("/")
    if front.rpartition("/")[2] != BEFORE_LAST:
        return path, None
    if not TOKEN.fullmatch(last):
        raise CodeError("The token in the relay's address is damaged. Copy it again.")
    return front, Secret(last.encode())
