import ssl

import aiohttp
import pytest
from aiohttp_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError
from tests.sdk.transport.scripted import ADDRESS

from graphchat.errors import (
    BadRequestError,
    QuotaError,
    RateError,
    RelayError,
    RelayIdentityError,
    RelayUnreachableError,
    UnauthorizedError,
)
from graphchat.ids import Fingerprint
from graphchat.transport import faults
from graphchat.wire.uri import RelayAddress


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind"),
    [
        (401, {}, b"", UnauthorizedError),
        (429, {}, b'"Quota"', QuotaError),
        (429, {}, b'"Quota"\n', QuotaError),
        (429, {}, b"", RateError),
        (429, {"Retry-After": "7"}, b"{}", RateError),
        (503, {"Retry-After": "7"}, b"", RateError),
        (503, {}, b"", RelayUnreachableError),
        (502, {"Retry-After": "7"}, b"", RelayUnreachableError),
        (400, {}, b"", BadRequestError),
        (413, {}, b"", BadRequestError),
        (418, {}, b"", RelayUnreachableError),
        (301, {}, b"", RelayUnreachableError),
        (204, {}, b"", RelayUnreachableError),
    ],
)
def test_each_status_is_its_error(
    status: int, headers: dict[str, str], body: bytes, kind: type[RelayError]
) -> None:
    assert type(faults.status(ADDRESS, status, headers, body)) is kind


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        ("999999", 3600),
        ("", 1),
        ("-5", 1),
        ("٣", 1),
        ("soon", 1),
        ("9" * 99, 1),
    ],
)
def test_the_time_to_wait_is_bounded(value: str, seconds: float) -> None:
    error = faults.status(ADDRESS, 429, {"Retry-After": value}, b"")
    assert isinstance(error, RateError)
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("quota", QuotaError),
        ("busy", RateError),
        ("rate", RateError),
        ("size", BadRequestError),
        ("unauthorized", UnauthorizedError),
    ],
)
def test_each_reason_of_a_socket_is_its_error(reason: str, kind: type[RelayError]) -> None:
    assert type(faults.refusal(ADDRESS, reason)) is kind


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (TimeoutError("https://relay.example/q/secret"), "does not answer in time"),
        (aiohttp.ServerTimeoutError("secret"), "does not answer in time"),
        (ProxyTimeoutError("secret"), "does not answer in time"),
        (ProxyConnectionError("secret"), "through the proxy"),
        (ProxyError("secret"), "through the proxy"),
        (ssl.SSLError("secret"), "does not speak TLS"),
        (ConnectionRefusedError("secret"), "accepts no connection"),
        (ConnectionResetError("secret"), "broke the connection"),
        (aiohttp.ServerDisconnectedError("secret"), "broke the connection"),
        (aiohttp.ClientPayloadError("secret"), "broke the connection"),
        (faults.MovedError(), "has moved"),
        (UnicodeError("secret"), "has a name that is not known"),
    ],
)
def test_what_breaks_is_told_in_words_and_without_its_text(error: Exception, says: str) -> None:
    assert isinstance(error, faults.BROKEN)
    told = faults.broken(ADDRESS, error)
    assert type(told) is RelayUnreachableError
    assert str(told).startswith("The relay relay.example ")
    assert says in str(told)
    assert "secret" not in str(told)


def test_a_certificate_fault_is_found_behind_what_aiohttp_shows_of_it() -> None:
    hidden = OSError(1, "verify failed")
    hidden.__cause__ = ssl.SSLCertVerificationError()
    for error in (hidden, ssl.SSLCertVerificationError()):
        assert faults.is_certificate_fault(error)
        assert type(faults.broken(ADDRESS, error)) is RelayIdentityError


def test_the_host_of_an_address_without_a_name() -> None:
    address = RelayAddress("http://[::1]:80/q", Fingerprint(bytes(16)))
    assert faults.host_of(address) == "::1"


def test_what_cannot_be_reached_is_named_with_its_port() -> None:
    address = RelayAddress("http://127.0.0.1:8443/q", Fingerprint(bytes(16)))
    assert str(faults.unreachable(address, "is away.")) == "The relay 127.0.0.1:8443 is away."
    assert str(faults.stranger(address)).startswith("What answers as 127.0.0.1:8443 is not")


@pytest.mark.parametrize(
    ("said", "code", "sentence"),
    [
        ("Username and password authentication failure", None, "refuses the name or the password"),
        ("No acceptable authentication methods were offered", None, "refuses the name or the"),
        ("407 Proxy Authentication Required", 407, "refuses the name or the password"),
        ("Connection not allowed by ruleset", 2, "which does not allow it"),
        ("403 Forbidden", 403, "which does not allow it"),
        ("Host unreachable", 4, "was not reached by the proxy"),
        ("Connection refused", 5, "was not reached by the proxy"),
        ("502 Bad Gateway", 502, "was not reached by the proxy"),
        ("Malformed reply", None, "Check that it is one, and of the right kind"),
    ],
)
def test_what_a_proxy_says_is_explained(said: str, code: int | None, sentence: str) -> None:
    error = faults.broken(ADDRESS, ProxyError(said, error_code=code))
    assert isinstance(error, RelayUnreachableError)
    assert sentence in str(error)


def test_a_proxy_that_is_down_is_explained() -> None:
    error = faults.broken(ADDRESS, ProxyConnectionError("Could not connect to proxy 10.1.2.3"))
    assert "the proxy, which does not answer. Check that it runs" in str(error)
    assert "10.1.2.3" not in str(error)
