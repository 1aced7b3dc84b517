from itertools import chain
from typing import Final

import pytest
from hypothesis import given, strategies as st

from graphchat.core import frame as frames
from graphchat.core.frame import Frame, Kind
from graphchat.core.inbox import (
    MAX_HELD,
    REMEMBERED,
    Conflict,
    Drop,
    Hold,
    Inbox,
    Outcome,
    Signed,
    StreamState,
    Use,
)
from graphchat.errors import RemoteProtocolError
from graphchat.ids import ConnectionId

CID: Final = ConnectionId(b"c" * 16)
STREAM: Final = b"s" * 8


def some(count: int, stream: bytes = STREAM, salt: bytes = b"") -> list[Signed]:
    """Return the first frames of a stream."""
    head = frames.first_hash(CID, stream)
    found: list[Signed] = []
    for seq in range(1, count + 1):
        name = seq.to_bytes(8, "big") + stream
        frame = Frame(Kind.CONTENT, name, stream, seq, 0, head, salt + str(seq).encode())
        data = frames.encode(frame)
        head = frames.next_hash(head, data)
        found.append(Signed(frame, data, b""))
    return found


def new_inbox() -> Inbox:
    return Inbox(CID, {})


def used(outcomes: list[Outcome]) -> list[int]:
    return [outcome.signed.frame.seq for outcome in outcomes if isinstance(outcome, Use)]


@given(st.data(), st.integers(1, 12))
def test_every_frame_is_used_once_and_in_order(data: st.DataObject, count: int) -> None:
    # Whatever order and repetition the relays produce, as long as one of them has each frame.
    repeats = data.draw(st.lists(st.sampled_from(range(count))))
    arrivals = data.draw(st.permutations([*range(count), *repeats]))
    inbox, sent = new_inbox(), some(count)
    outcomes = [inbox.receive(place % 3, sent[number]) for place, number in enumerate(arrivals)]
    assert used(list(chain.from_iterable(outcomes))) == list(range(1, count + 1))
    assert inbox.held == {}
    state = inbox.streams[STREAM]
    assert state.head == frames.next_hash(sent[-1].frame.prev, sent[-1].data)
    assert max(state.lanes.values()) == count
    assert inbox.gap(STREAM) is None


@given(st.data(), st.integers(1, 12))
def test_two_streams_do_not_wait_for_each_other(data: st.DataObject, count: int) -> None:
    other = b"t" * 8
    sent = [*some(count), *some(count, other)]
    inbox = new_inbox()
    outcomes = chain.from_iterable(
        inbox.receive(0, signed) for signed in data.draw(st.permutations(sent))
    )
    in_order = [outcome.signed.frame.stream for outcome in outcomes if isinstance(outcome, Use)]
    assert sorted(in_order) == sorted([STREAM, other] * count)
    assert {state.seq for state in inbox.streams.values()} == {count}


def test_a_gap_holds_back_what_follows_it() -> None:
    inbox, (first, second, third) = new_inbox(), some(3)
    assert inbox.receive(0, third) == [Hold(third)]
    assert inbox.gap(STREAM) == (1, 2)
    assert inbox.receive(1, second) == [Hold(second)]
    assert inbox.gap(STREAM) == (1, 1)
    assert inbox.receive(1, third) == []
    assert inbox.receive(0, first) == [Use(first), Use(second), Use(third)]
    assert inbox.gap(STREAM) is None
    assert inbox.streams[STREAM].lanes == {0: 3, 1: 3}


def test_a_copy_of_a_used_frame_says_only_that_its_lane_works() -> None:
    inbox, (first,) = new_inbox(), some(1)
    inbox.receive(0, first)
    assert inbox.receive(1, first) == []
    assert inbox.streams[STREAM].lanes == {0: 1, 1: 1}


@pytest.mark.parametrize("back", [0, REMEMBERED - 1])
def test_another_frame_with_a_used_number_is_a_conflict(back: int) -> None:
    inbox, sent = new_inbox(), some(REMEMBERED + 4)
    for signed in sent:
        inbox.receive(0, signed)
    other = some(REMEMBERED + 4, salt=b"other")[-1 - back]
    head = inbox.streams[STREAM].head
    assert inbox.receive(0, other) == [Conflict(STREAM, other.frame.seq)]
    assert inbox.streams[STREAM].head == head
    assert len(inbox.streams[STREAM].recent) == len(inbox.streams[STREAM].ids) == REMEMBERED


def test_an_older_number_is_not_compared() -> None:
    inbox = new_inbox()
    for signed in some(REMEMBERED + 4):
        inbox.receive(0, signed)
    assert inbox.receive(0, some(4, salt=b"other")[-1]) == []


def test_a_frame_after_another_history_is_a_conflict_and_not_used() -> None:
    inbox = new_inbox()
    for signed in some(3):
        inbox.receive(0, signed)
    assert inbox.receive(0, some(4, salt=b"other")[-1]) == [Conflict(STREAM, 3)]
    assert inbox.receive(0, some(4)[-1]) == [Use(some(4)[-1])]


def test_a_held_frame_of_another_history_is_dropped_and_missed_again() -> None:
    inbox, (first, second) = new_inbox(), some(2)
    other = some(2, salt=b"other")[1]
    assert inbox.receive(0, other) == [Hold(other)]
    assert inbox.receive(1, second) == [Conflict(STREAM, 2)]
    assert inbox.receive(0, first) == [Use(first), Drop(STREAM, 2), Conflict(STREAM, 2)]
    assert inbox.held == {}
    assert inbox.gap(STREAM) == (2, 2)
    assert inbox.receive(0, second) == [Use(second)]


def test_a_refused_frame_leaves_no_stream_behind() -> None:
    inbox = new_inbox()
    bad = Frame(Kind.CONTENT, b"i" * 16, STREAM, 1, 0, bytes(32), b"")
    with pytest.raises(RemoteProtocolError, match="names a predecessor"):
        inbox.receive(0, Signed(bad, frames.encode(bad), b""))
    assert inbox.streams == {}


def test_what_is_not_held_is_missing_until_it_comes_again() -> None:
    inbox, sent = new_inbox(), some(MAX_HELD + 2)
    for signed in sent[1:]:
        inbox.receive(0, signed)
    assert len(inbox.held) == MAX_HELD - 1, "numbers 2 to 1,000"
    assert inbox.gap(STREAM) == (1, 1)
    assert used(inbox.receive(0, sent[0])) == list(range(1, MAX_HELD + 1))
    assert inbox.gap(STREAM) == (MAX_HELD + 1, MAX_HELD + 2)
    assert used(inbox.receive(0, sent[-2])) == [MAX_HELD + 1]
    assert used(inbox.receive(0, sent[-1])) == [MAX_HELD + 2]
    assert inbox.gap(STREAM) is None


def test_what_was_used_is_still_known_after_a_restart() -> None:
    inbox, sent = new_inbox(), some(4)
    for signed in sent[:2]:
        inbox.receive(0, signed)
    state = inbox.streams[STREAM]
    copy = StreamState(
        state.seq, state.head, list(state.recent), dict(state.lanes), list(state.ids)
    )
    again = Inbox(CID, {STREAM: copy})
    assert again.receive(0, sent[1]) == []
    assert used(again.receive(0, sent[2])) == [3]
