from hashlib import sha256

import pytest

from graphchat.wire.codec import InvalidObjectError
from graphchat.wire.uri import fingerprint
from graphchat_relay.site import Site


def site(*tokens: str, url: str | None = None) -> Site:
    hashes = frozenset(sha256(token.encode()).digest() for token in tokens)
    return Site(bytes(32), "/q", url, hashes or None)


def test_queues_are_named_by_the_public_url_or_as_the_client_came() -> None:
    assert site().base("http", "127.0.0.1:80") == "http://127.0.0.1:80/q"
    assert site().base("https", "relay.example") == "https://relay.example/q"
    assert site(url="https://a.example/q").base("http", "b.example") == "https://a.example/q"
    assert site().fingerprint == fingerprint(bytes(32))


@pytest.mark.parametrize("host", ["", "a b", "a/b", "a?b", "é", "x" * 300, "a\r\nb"])
def test_a_host_that_is_none_is_refused(host: str) -> None:
    with pytest.raises(InvalidObjectError):
        site().base("https", host)


def test_a_private_relay_welcomes_those_who_know_a_token() -> None:
    assert site().welcomes(None)
    assert not site().welcomes("a")
    for token, welcome in (("a", True), ("b", True), ("c", False), ("", False), (None, False)):
        assert site("a", "b").welcomes(token) is welcome


def test_each_token_is_told_from_the_others() -> None:
    tickets = [site("a", "b").ticket(token) for token in ("a", "b", "c")]
    assert tickets == [sha256(b"a").digest(), sha256(b"b").digest(), None]
    assert site().ticket(None) == b""
