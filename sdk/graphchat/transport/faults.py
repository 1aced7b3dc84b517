"""What went wrong with a relay, in words for people, from what libraries and relays say.

A text may name the host of the relay, which belongs to the person who reads it; never a
path, a queue or an IP address that the system found.
"""

import ssl
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError

from graphchat.errors import (
    BadRequestError,
    QuotaError,
    RateError,
    RelayError,
    RelayIdentityError,
    RelayUnreachableError,
    UnauthorizedError,
)
from graphchat.wire.rest import QUOTA
from graphchat.wire.uri import RelayAddress

# Nobody is told to wait longer, whatever the relay says.
LONGEST_WAIT: Final = 3600.0

BROKEN: Final = (
    OSError,  # also TimeoutError and what ssl raises
    aiohttp.ClientError,
    ProxyConnectionError,
    ProxyError,
    ProxyTimeoutError,
    UnicodeError,  # a host that cannot be the name of one
)
"""Whatever connecting, sending and receiving can raise."""


class MovedError(aiohttp.ClientError):
    """The relay redirects a socket to another place."""


_MOVED: Final = "has moved. Ask its operator for its new address."
_NO_RELAY: Final = "does not answer as a relay does. Check the address and the network."

# The first that fits is said.
_REASONS: Final[tuple[tuple[tuple[type[BaseException], ...], str], ...]] = (
    ((MovedError,), _MOVED),
    (
        (TimeoutError, ProxyTimeoutError),
        "does not answer in time. Check the network, then try again.",
    ),
    (
        (ProxyConnectionError,),
        "cannot be reached through the proxy, which does not answer. Check that it runs.",
    ),
    (
        (ProxyError,),
        "cannot be reached through the proxy. Check that the proxy runs.",
    ),
    (
        (aiohttp.ClientConnectorDNSError, UnicodeError),
        "has a name that is not known. Check the address and the network.",
    ),
    (
        (aiohttp.ClientSSLError, ssl.SSLError),
        "does not speak TLS as it should. Check the address and the port.",
    ),
    (
        (aiohttp.ClientConnectorError, ConnectionRefusedError),
        "accepts no connection. Check the address and the network, then try again.",
    ),
)


def host_of(relay: RelayAddress) -> str:
    return urlsplit(relay.base).hostname or "?"


def place_of(relay: RelayAddress) -> str:
    """Return host and port, as the address has them."""
    return urlsplit(relay.base).netloc


def unreachable(relay: RelayAddress, what: str, *, heard: bool = True) -> RelayUnreachableError:
    """Return the error that says: the relay at host ... and ``what``."""
    return RelayUnreachableError(f"The relay {place_of(relay)} {what}", heard=heard)


def stranger(relay: RelayAddress) -> RelayIdentityError:
    return RelayIdentityError(
        f"What answers as {place_of(relay)} is not the relay that the address names: its key has"
        " another fingerprint. Do not use it; ask its operator for the right address."
    )


def broken(relay: RelayAddress, error: BaseException) -> RelayError:
    """Return what to raise for an exception of `BROKEN`."""
    if isinstance(error, aiohttp.WSServerHandshakeError):
        return status(relay, error.status, error.headers or {}, b"")
    if is_certificate_fault(error):
        return RelayIdentityError(
            f"The certificate of {place_of(relay)} is neither valid nor made with the key that the"
            " address names. Somebody may be in between: try another network."
        )
    never = (aiohttp.ClientConnectorError, ProxyConnectionError)
    return unreachable(relay, _why(error), heard=not isinstance(error, never))


def is_certificate_fault(error: BaseException) -> bool:
    kinds = (aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError)
    # Through a proxy, aiohttp shows an OSError in place of what ssl raised.
    return isinstance(error, kinds) or isinstance(error.__cause__, kinds)


def _why(error: BaseException) -> str:
    if (refused := _proxy_error(error)) is not None:
        return _proxy_says(refused)
    for kinds, text in _REASONS:
        if isinstance(error, kinds) or isinstance(error.__cause__, kinds):
            return text
    return "broke the connection. Try again."


def _proxy_error(error: BaseException) -> ProxyError | None:
    found = error if isinstance(error, ProxyError) else error.__cause__
    return found if isinstance(found, ProxyError) else None


def _proxy_says(error: ProxyError) -> str:
    """Say what a proxy has answered: a code of section 6 of RFC 1928, or a status of HTTP."""
    said = str(error).casefold()
    if error.error_code == 407 or "authentication" in said:
        return (
            "cannot be reached through the proxy, which refuses the name or the password. Give"
            " the right ones: graphchat servers proxy"
        )
    if error.error_code in {2, 403}:
        return "cannot be reached through the proxy, which does not allow it. Ask who runs it."
    if error.error_code in {1, 3, 4, 5, 6, 502, 503, 504}:
        return "was not reached by the proxy. Check the address, then try again."
    return "cannot be reached through the proxy. Check that it is one, and of the right kind."


def onion(relay: RelayAddress) -> RelayUnreachableError:
    """Return the error for an onion service that nobody but Tor can reach."""
    return unreachable(
        relay,
        "is an onion service, which only Tor reaches. Run Tor, and go through it: graphchat"
        " servers proxy socks5h://127.0.0.1:9050",
        heard=False,
    )


def status(relay: RelayAddress, code: int, headers: Mapping[str, str], body: bytes) -> RelayError:
    """Return what to raise for an answer that is not a success."""
    wait = _seconds(headers.get("Retry-After", ""))
    match code:
        case 401:
            return UnauthorizedError()
        case 429 if body.strip() == QUOTA:
            return QuotaError()
        case 429 | 503 if code == 429 or wait is not None:
            return slower(relay, wait)
        case 400 | 413 | 415:
            return BadRequestError()
        case _:
            return unreachable(relay, _status_text(code))


def _status_text(code: int) -> str:
    if code >= 500:
        return f"has a fault of its own (status {code}). Try again later."
    if code in {404, 405, 426}:
        return "has no relay at this path. Check the address."
    if 300 <= code < 400:
        return _MOVED
    return _NO_RELAY


def slower(relay: RelayAddress, wait: float | None = None) -> RateError:
    return RateError(
        f"The relay {place_of(relay)} asks to slow down. Wait a moment, then try again.",
        retry_after=1.0 if wait is None else wait,
    )


def no_relay(relay: RelayAddress) -> RelayUnreachableError:
    """Return the error for answers that no relay gives, such as those of a hotel's log-in page."""
    return unreachable(relay, _NO_RELAY)


def refusal(relay: RelayAddress, reason: str) -> RelayError:
    """Return what the ``error`` of a socket object means."""
    match reason:
        case "quota":
            return QuotaError()
        case "busy" | "rate":
            return slower(relay)
        case "size":
            return BadRequestError()
        case _:
            return UnauthorizedError()


def _seconds(value: str) -> float | None:
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        return None
    return min(float(value), LONGEST_WAIT)
