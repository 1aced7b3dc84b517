from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, strategies as st

from graphchat.content import ProfileCard
from graphchat.core import record
from graphchat.core.connection import ConnectionState
from graphchat.core.lane import LaneState
from graphchat.errors import StoreError
from graphchat.testing.pair import Pair


def states() -> list[msgspec.Struct]:
    """Return what is stored in all phases of a connection."""
    found: list[msgspec.Struct] = []
    pair = Pair.by_address()
    for _ in range(3):
        for side in pair.sides:
            found += [
                side.connection.state,
                *(x.snapshot() for x in side.connection.lanes.values()),
            ]
        pair.connect()
        pair.alice.say("one more")
    return found


def test_a_state_comes_back_as_it_was() -> None:
    for state in states():
        data = record.dump(state)
        again = record.load(data, type(state))
        assert again == state
        assert record.dump(again) == data


def test_secrets_come_back_as_secrets() -> None:
    pair = Pair.by_invitation()
    state = record.load(record.dump(pair.alice.connection.state), ConnectionState)
    assert state.handshake.agreement_key == pair.code.agreement_key
    assert state.handshake.code.psk == pair.code.keys.psk
    assert "reveal" not in repr(state)
    assert pair.code.agreement_key.reveal().hex() not in repr(state)
    assert repr(pair.code.agreement_key.reveal()) not in repr(state)


def test_what_is_not_a_record_is_not_stored() -> None:
    class Odd(msgspec.Struct):
        value: object

    with pytest.raises(TypeError):
        record.dump(Odd(object()))


@given(st.data())
def test_a_damaged_record_is_an_error_of_the_store(data: st.DataObject) -> None:
    pair = Pair.by_invitation()
    state = pair.alice.connection.state
    good = record.dump(state)
    damaged = bytearray(good)
    damaged[data.draw(st.integers(0, len(good) - 1))] ^= data.draw(st.integers(1, 255))
    cut = good[: data.draw(st.integers(0, len(good) - 1))]
    with pytest.raises(StoreError, match="backup"):
        record.load(cut, ConnectionState)
    # Where the byte is one of a key, nobody can tell.
    with suppress(StoreError):
        record.load(bytes(damaged), ConnectionState)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    for kind in (ConnectionState, LaneState):
        with pytest.raises(StoreError):
            record.load(data, kind)


def test_one_of_several_kinds_comes_back() -> None:
    state = Pair.by_invitation().alice.connection.state
    card = state.handshake.profile
    assert record.load_any(record.dump(card), ProfileCard | None) == card
    assert record.load_any(msgspec.msgpack.encode(None), ProfileCard | None) is None
    with pytest.raises(StoreError):
        record.load_any(b"", ProfileCard | None)


def test_a_secret_that_is_not_bytes_is_a_damaged_record() -> None:
    lane = Pair.by_invitation().alice.connection.lanes[0].snapshot()
    fields = msgspec.msgpack.decode(record.dump(lane))
    for bad in ("text", 7, None):
        with pytest.raises(StoreError):
            record.load(msgspec.msgpack.encode(fields | {"sender_key": bad}), LaneState)


def test_a_card_that_breaks_a_rule_is_a_damaged_record() -> None:
    pair = Pair.by_invitation()
    data = record.dump(pair.alice.connection.state).replace(b"\xa5Alice", b"\xa5Ali\x1be")
    with pytest.raises(StoreError):
        record.load(data, ConnectionState)
