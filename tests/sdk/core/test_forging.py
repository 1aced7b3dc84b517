"""Deniability: whoever has the key of both makes up a chat that the strictest judge believes."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from graphchat.content import Text, Welcome
from graphchat.core import forging
from graphchat.core.forging import Scene, Transcript
from graphchat.core.handshake import Role
from graphchat.errors import RemoteProtocolError
from graphchat.ids import ConnectionId
from graphchat.secret import Secret
from graphchat.testing.clock import FakeClock
from graphchat.testing.pair import Pair, card

CID = ConnectionId(b"c" * 16)
KEY = Secret(b"k" * 32)
RELAYS = ((b"1" * 16, "https://one.example/q"), (b"2" * 16, "https://two.example/q"))
CARDS = (card("Alice"), card("Bob"))
LINES = ((True, Text("Did you take the money?")), (False, Text("I did.")))


def scene(*lines: tuple[bool, Text], asked: bool = True) -> Scene:
    return Scene(lines or LINES, RELAYS, CARDS, asked)


def forged(role: Role = Role.ALICE, what: Scene | None = None, seed: bytes = b"") -> Transcript:
    return forging.forge(KEY, CID, role, what or scene(), FakeClock(seed))


def spoken(key: Secret, shown: Transcript) -> list[tuple[bool, object]]:
    heard = forging.verify(key, shown)
    assert [type(each.message) for each in heard[:2]] == [Welcome, Welcome]
    return [(each.by_holder, each.message) for each in heard[2:]]


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from(list(Role)),
    st.integers(0, 1),
    st.lists(st.tuples(st.booleans(), st.text().map(Text)), max_size=6),
)
def test_any_chat_can_be_made_up_by_one_side(
    role: Role, first: int, lines: list[tuple[bool, Text]]
) -> None:
    shown = forging.forge(
        KEY, CID, role, Scene(lines, RELAYS, CARDS, asked=first == 0), FakeClock()
    )
    assert spoken(KEY, shown) == lines


def test_each_side_has_all_that_the_forger_needs_and_the_other_believes_it() -> None:
    pair = Pair.by_invitation().connect()
    alice, bob = (side.connection.state.handshake for side in pair.sides)
    assert alice.otr is not None
    assert bob.otr is not None
    for forger, judge in ((alice, bob), (bob, alice)):
        for holder in Role:
            key = forger.otr or KEY
            shown = forging.forge(
                key, ConnectionId(forger.cid), holder, scene(), FakeClock(b"alone")
            )
            assert spoken(judge.otr or KEY, shown) == list(LINES)


# The judge is strict: what is not of such a chat does not pass.


def test_another_key_shows_nothing() -> None:
    with pytest.raises(RemoteProtocolError):
        forging.verify(Secret(b"x" * 32), forged())


PARTS = [each.name for each in fields(Transcript) if each.name != "steps"]


@pytest.mark.parametrize("field", PARTS)
def test_no_part_of_a_transcript_can_be_of_another(field: str) -> None:
    shown, other = forged(), forged(seed=b"other")
    values: dict[str, Any] = {
        "cid": ConnectionId(b"x" * 16),
        "role": Role.BOB,
        "asked": False,
    }
    strange = replace(shown, **{field: values.get(field, getattr(other, field))})
    if field == "dice":
        # Whoever asked begins with the answer of dice; Bob's lanes need the true ones.
        strange = replace(strange, dice=b"")
    with pytest.raises(RemoteProtocolError):
        forging.verify(KEY, strange)


def test_no_byte_of_an_envelope_and_no_frame_can_be_another() -> None:
    shown = forged()
    for number, step in enumerate(shown.steps):
        flipped = bytes([step.envelope[100] ^ 1])
        envelope = step.envelope[:100] + flipped + step.envelope[101:]
        for changed in (
            replace(step, envelope=envelope),
            replace(step, frame=shown.steps[number - 2].frame),
            replace(step, sent=not step.sent),
            replace(step, lane=1 - step.lane),
            replace(step, lane=5),
            *([replace(step, dice=b"")] if step.sent else []),
        ):
            steps = (*shown.steps[:number], changed, *shown.steps[number + 1 :])
            with pytest.raises(RemoteProtocolError):
                forging.verify(KEY, replace(shown, steps=steps))


def test_nothing_is_left_out_in_the_middle() -> None:
    shown = forged()
    without = tuple(step for step in shown.steps if step.frame != shown.steps[4].frame)
    with pytest.raises(RemoteProtocolError):
        forging.verify(KEY, replace(shown, steps=(*without, *forged(seed=b"other").steps[-1:])))
