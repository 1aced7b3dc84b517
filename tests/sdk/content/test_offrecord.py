"""What begins and ends a chat off the record travels as it is meant, or not at all."""

import pytest
from hypothesis import given, strategies as st

from graphchat import content
from graphchat.content import Offer, OtrAccept, OtrAsk, OtrEnd
from graphchat.content.offrecord import ID, KEY, MAC
from graphchat.errors import ContentError, RemoteProtocolError

OFFER = Offer(bytes(16), "https://relay.example/q", bytes(18), bytes(32), bytes(32))


def of(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


@given(of(ID), of(KEY), of(MAC), st.integers(1, 8))
def test_each_comes_as_it_was_said(name: bytes, key: bytes, mac: bytes, count: int) -> None:
    lanes = (OFFER,) * count
    for said in (OtrAsk(name, key, lanes, mac), OtrAccept(name, key, lanes, mac)):
        assert content.decode(content.encode(said)) == said
    assert content.decode(content.encode(OtrEnd(name, mac))) == OtrEnd(name, mac)


@pytest.mark.parametrize("wrong", range(4))
def test_what_has_a_wrong_length_is_refused(wrong: int) -> None:
    parts: list[object] = [bytes(ID), bytes(KEY), (OFFER,), bytes(MAC)]
    parts[wrong] = (OFFER,) * 9 if wrong == 2 else bytes(31)
    with pytest.raises(ContentError):
        OtrAsk(*parts)  # type: ignore[arg-type]
    with pytest.raises(ContentError):
        OtrAccept(*parts)  # type: ignore[arg-type]


def test_an_end_has_a_name_and_a_code() -> None:
    for name, mac in ((bytes(15), bytes(MAC)), (bytes(ID), bytes(31))):
        with pytest.raises(ContentError):
            OtrEnd(name, mac)


def test_an_ask_without_a_lane_is_damaged() -> None:
    good = content.encode(OtrAsk(bytes(ID), bytes(KEY), (OFFER,), bytes(MAC)))
    with pytest.raises(RemoteProtocolError):
        content.decode(good.replace(b"\xa5lanes\x91", b"\xa5lanes\x90", 1))
