from typing import cast

import pytest
from msgspec.msgpack import decode, encode

from graphchat.content import ProfileCard, ProfileKind
from graphchat.errors import ContentError


def test_parts_that_are_not_given_do_not_travel() -> None:
    assert decode(encode(ProfileCard("Ann", "person"))) == {"name": "Ann", "kind": "person"}


def test_a_full_card_survives() -> None:
    card = ProfileCard("Ann", "organisation", b"\x01" * 8192, "at sea", "*Hello*\nthere")
    assert decode(encode(card), type=ProfileCard) == card


def test_an_avatar_of_more_than_8_kib_is_refused() -> None:
    with pytest.raises(ContentError, match="avatar"):
        ProfileCard("Ann", "person", bytes(8193))


def test_an_unknown_kind_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(ContentError, match="person, bot, device, organisation, bridge"):
        ProfileCard("Ann", cast("ProfileKind", "pirate"))


@pytest.mark.parametrize("name", ["", "x" * 101, "a\u202eb"])
def test_a_name_has_1_to_100_plain_characters(name: str) -> None:
    with pytest.raises(ContentError):
        ProfileCard(name, "person")


def test_a_bio_may_have_lines_but_a_status_may_not() -> None:
    ProfileCard("Ann", "person", bio="a\nb")
    with pytest.raises(ContentError):
        ProfileCard("Ann", "person", status="a\nb")
    with pytest.raises(ContentError):
        ProfileCard("Ann", "person", bio="a" * 1001)
