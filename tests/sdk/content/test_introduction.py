"""What introduces two people travels as it is meant, or not at all."""

import pytest
from hypothesis import given, strategies as st

from graphchat import content
from graphchat.content import IntroAsk, IntroOffer, Offer, ProfileCard
from graphchat.errors import ContentError

OFFER = Offer(bytes(16), "https://relay.example/q", bytes(18), bytes(32), bytes(32))
CARD = ProfileCard("Bob", "person")


def of(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


@given(of(16), of(32), of(32), st.integers(1, 8), st.text(max_size=1000))
def test_each_comes_as_it_was_said(
    name: bytes, key: bytes, share: bytes, count: int, text: str
) -> None:
    for said in (
        IntroAsk(name, CARD, text),
        IntroOffer(name, key, (OFFER,) * count, count, share),
    ):
        assert content.decode(content.encode(said)) == said


@pytest.mark.parametrize(
    "parts",
    [
        (bytes(15), bytes(32), (OFFER,), 1, bytes(32)),
        (bytes(16), bytes(31), (OFFER,), 1, bytes(32)),
        (bytes(16), bytes(32), (), 1, bytes(32)),
        (bytes(16), bytes(32), (OFFER,) * 9, 1, bytes(32)),
        (bytes(16), bytes(32), (OFFER,), 0, bytes(32)),
        (bytes(16), bytes(32), (OFFER,), 9, bytes(32)),
        (bytes(16), bytes(32), (OFFER,), 1, bytes(33)),
    ],
)
def test_an_offer_that_breaks_a_limit_is_refused(
    parts: tuple[bytes, bytes, tuple[Offer, ...], int, bytes],
) -> None:
    with pytest.raises(ContentError):
        IntroOffer(*parts)


def test_an_ask_has_a_name_and_a_text_of_some_length() -> None:
    for parts in ((bytes(15), CARD), (bytes(16), CARD, "x" * 1001)):
        with pytest.raises(ContentError):
            IntroAsk(*parts)


def test_the_hash_is_that_of_all_but_the_way() -> None:
    offer = IntroOffer(bytes(16), bytes(32), (OFFER,), 2, bytes(32))
    assert IntroOffer(b"x" * 16, bytes(32), (OFFER,), 2, b"y" * 32).hash == offer.hash
    for other in (
        IntroOffer(bytes(16), b"k" * 32, (OFFER,), 2, bytes(32)),
        IntroOffer(bytes(16), bytes(32), (OFFER, OFFER), 2, bytes(32)),
        IntroOffer(bytes(16), bytes(32), (OFFER,), 3, bytes(32)),
    ):
        assert other.hash != offer.hash
