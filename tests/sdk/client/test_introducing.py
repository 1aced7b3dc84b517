"""Introductions that are not over are known again, also after what could not be stored."""

import pytest

from graphchat.client.introducing import GONE, Introductions
from graphchat.client.unit import Unit
from graphchat.content import IntroAsk, ProfileCard
from graphchat.core.introduction import Forwarding, asked
from graphchat.errors import StateError

MEETING = asked(IntroAsk(bytes(16), ProfileCard("Bob", "person")), 1, 7, 0.0)


def test_what_waits_for_us_is_told_and_what_we_pass_on_is_not() -> None:
    known, unit = Introductions(), Unit()
    known.change(unit, 1, MEETING)
    known.change(unit, 2, Forwarding(1, bytes(16), 0.0, (7, 8)))
    assert known.meetings(1) == [(1, MEETING)]
    assert known.meetings(2) == []
    assert known.meeting(1) is MEETING
    for number in (2, 3):
        with pytest.raises(StateError) as caught:
            known.meeting(number)
        assert str(caught.value) == GONE


def test_what_was_not_stored_did_not_happen() -> None:
    known, first = Introductions(), Unit()
    known.change(first, 1, MEETING)
    second = Unit()
    known.change(second, 1, None)
    known.change(second, 2, MEETING)
    second.fail()
    assert known.meetings(1) == [(1, MEETING)]
    first.fail()
    assert known.known == {}
