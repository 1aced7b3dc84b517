import pytest

from graphchat.core import frame as frames, restored
from graphchat.core.connection import Connection
from graphchat.core.inbox import Conflict, Hold, Signed, Use
from graphchat.errors import LocalProtocolError
from graphchat.ids import MessageId
from graphchat.testing.disk import Disk
from graphchat.testing.pair import Pair
from graphchat.testing.side import Side


@pytest.fixture
def pair() -> Pair:
    pair = Pair.by_invitation(2)
    pair.alice.say("one")
    pair.bob.say("two")
    pair.settle()
    return pair


def renewed(side: Side, disk: Disk) -> Connection:
    """Load what a backup has of a connection, as a restored home does."""
    connection = disk.load(side.clock)
    lanes = [lane.state for lane in connection.lanes.values()]
    restored.renew(connection.state, lanes, side.clock)
    return Connection(connection.state, connection.lanes, side.clock)


def written(side: Side, number: int) -> Signed:
    """Return a frame that ``side`` has written, as it travels."""
    found = side.disk.said[number]
    return Signed(found.frame, found.data, found.signature)


def test_no_lane_seals_again(pair: Pair) -> None:
    bob = renewed(pair.bob, pair.bob.disk)
    assert [lane.started for lane in bob.lanes.values()] == [True, True]
    assert [lane.can_send for lane in bob.lanes.values()] == [False, False]


def test_no_number_of_the_stream_is_used_again(pair: Pair) -> None:
    before = pair.bob.connection.state.outbox
    bob = renewed(pair.bob, pair.bob.disk)
    said = bob.say(frames.Kind.CONTENT, MessageId(bytes(16)), b"\x81\xa4type\xa1x")
    assert said.written.frame.stream != before.stream
    assert (said.written.seq, before.seq) == (1, 2)
    # For the other side it is one more stream of ours, and no contradiction.
    signed = Signed(said.written.frame, said.written.data, said.written.signature)
    [use] = pair.alice.connection.inbox.receive(0, signed)
    assert isinstance(use, Use)


def test_their_stream_goes_on_where_the_next_frame_stands(pair: Pair) -> None:
    backup = pair.bob.disk.copy()
    for text in ("three", "four", "five", "six"):
        pair.alice.say(text)
    pair.settle()
    inbox = renewed(pair.bob, backup).inbox
    [first] = inbox.receive(0, written(pair.alice, 4))
    assert isinstance(first, Use)
    stream = inbox.streams[written(pair.alice, 4).frame.stream]
    assert (stream.seq, stream.head) == (5, pair.alice.disk.said[4].head)
    [second] = inbox.receive(1, written(pair.alice, 5))
    assert isinstance(second, Use)
    # Once: a gap after that is a gap, and an older frame a repetition.
    assert inbox.receive(0, written(pair.alice, 2)) == []
    assert inbox.gap(written(pair.alice, 4).frame.stream) is None


def test_a_stream_that_lost_nothing_goes_on_as_it_was(pair: Pair) -> None:
    inbox = renewed(pair.bob, pair.bob.disk).inbox
    pair.alice.say("three")
    assert [type(each) for each in inbox.receive(0, written(pair.alice, 2))] == [Use]
    # What was used before is known all the same.
    changed = Signed(written(pair.alice, 1).frame, b"other", bytes(64))
    assert [type(each) for each in inbox.receive(0, changed)] == [Conflict]


def test_without_a_backup_a_gap_is_a_gap(pair: Pair) -> None:
    pair.alice.say("three")
    pair.alice.say("four")
    found = pair.bob.connection.inbox.receive(0, written(pair.alice, 3))
    assert [type(each) for each in found] == [Hold]


def test_a_lane_that_has_not_started_is_not_stale() -> None:
    pair = Pair.by_invitation(1)
    alice = renewed(pair.alice, pair.alice.disk)
    assert not alice.lanes[0].state.stale
    with pytest.raises(LocalProtocolError):
        alice.lanes[0].seal(alice.cid, 1, b"", b"", pair.alice.clock)
