"""What a contact with the right keys can do to us, and what relays can: nothing that lasts."""

from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given, settings, strategies as st
from msgspec.structs import replace

from graphchat.content import LaneSeen, ReceiptBody, Resend, Text, Unknown, Welcome, encode
from graphchat.content.control import MAX_RESEND
from graphchat.core import effects as do, frame as frames
from graphchat.core.connection import Connection
from graphchat.core.effects import Danger
from graphchat.core.frame import Kind
from graphchat.core.handshake import Phase
from graphchat.core.inbox import MAX_HELD, MAX_STREAMS, REMEMBERED
from graphchat.crypto.chains import SKIPPED
from graphchat.errors import (
    DecryptionError,
    LocalProtocolError,
    RemoteProtocolError,
    RepeatedError,
)
from graphchat.testing.hostile import Hostile
from graphchat.testing.pair import Pair, card
from graphchat.testing.side import Side
from graphchat.wire.limits import SIZES


@pytest.fixture
def pair() -> Pair:
    return Pair.by_invitation().connect()


@pytest.fixture
def bob(pair: Pair) -> Hostile:
    return Hostile(pair.bob, pair.alice)


def is_up(pair: Pair) -> bool:
    """Tell whether honest texts still arrive at Alice."""
    pair.bob.say("honest")
    pair.settle()
    return pair.alice.texts[-1:] == ["honest"]


def why(side: Side) -> list[str]:
    return [str(error) for error in side.refused]


# Envelopes


@settings(max_examples=60)
@given(position=st.integers(0, 4607), bit=st.integers(0, 7))
def test_a_changed_bit_is_refused_and_the_true_envelope_still_opens(
    position: int, bit: int
) -> None:
    pair = Pair.by_invitation(1, 1).connect()
    pair.bob.say("true")
    pair.bob.send(0)
    changed = bytearray(pair.alice.queues[0].envelopes[0])
    changed[position] ^= 1 << bit
    pair.alice.take(0, bytes(changed))
    assert [type(error) for error in pair.alice.refused] == [DecryptionError]
    pair.settle()
    assert pair.alice.texts == ["true"]


@pytest.mark.parametrize("size", [0, 1, 2353, 4607, 4609, *SIZES[1:]])
def test_a_cut_or_stretched_envelope_is_refused(pair: Pair, size: int) -> None:
    pair.bob.say("true")
    pair.bob.send(0)
    pair.alice.take(0, pair.alice.queues[0].envelopes[0][:size].ljust(size, b"\0"))
    assert [type(error) for error in pair.alice.refused] == [DecryptionError]
    assert is_up(pair)
    assert pair.alice.texts == ["true", "honest"]


def test_a_repeated_envelope_is_nothing_new(pair: Pair) -> None:
    for count in range(5):
        pair.bob.say(str(count))
        pair.settle()
        pair.alice.say(str(count))
        pair.settle()
    for number, queue in pair.alice.queues.items():
        for envelope in queue.seen:
            pair.alice.take(number, envelope)
    assert pair.alice.texts == list("01234")
    # The copies of the handshake are not known as such any more: their keys are gone.
    assert len(pair.alice.refused) == 2
    assert not any(isinstance(error, RepeatedError) for error in pair.alice.refused)
    assert is_up(pair)


def test_an_envelope_of_one_lane_does_not_open_by_another(pair: Pair) -> None:
    pair.bob.say("true")
    pair.bob.send(0)
    pair.alice.take(1, pair.alice.queues[0].envelopes[0])
    assert [type(error) for error in pair.alice.refused] == [DecryptionError]


def test_our_own_envelopes_do_not_open_at_ourselves(pair: Pair) -> None:
    pair.alice.say("mine")
    pair.alice.send(0)
    pair.alice.take(0, pair.bob.queues[0].envelopes[0])
    assert [type(error) for error in pair.alice.refused] == [DecryptionError]
    assert pair.alice.texts == []


def test_an_envelope_by_a_lane_that_does_not_exist_is_refused(pair: Pair) -> None:
    pair.alice.take(2, bytes(SIZES[0]))
    assert why(pair.alice) == ["an envelope came by a lane that was given up"]


# Frames


BAD_FRAMES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "nothing": lambda _: b"",
    "cut": lambda data: data[:-1],
    "followed by something": lambda data: data + b"\0",
    "twice": lambda data: data * 2,
    "not canonical": lambda data: b"\xdc\x00\x07" + data[1:],
    "a map": lambda _: b"\x80",
    "of an unknown kind": lambda data: data[:1] + b"\x05" + data[2:],
}


@pytest.mark.parametrize("fault", BAD_FRAMES)
def test_bytes_that_are_no_frame_are_refused(pair: Pair, bob: Hostile, fault: str) -> None:
    frame = bob.frame(2)
    bob.send_bytes(BAD_FRAMES[fault](frames.encode(frame)), bob.sign(frame))
    assert len(pair.alice.refused) == 1
    assert is_up(pair)


@pytest.mark.parametrize("signature", [b"", bytes(64)])
def test_a_frame_without_a_good_signature_is_refused(
    pair: Pair, bob: Hostile, signature: bytes
) -> None:
    bob.send_bytes(frames.encode(bob.frame(2)), signature)
    bob.send_bytes(frames.encode(bob.outside(Text("x"))), signature)
    assert why(pair.alice) == ["a frame is not signed by its author"] * 2
    assert is_up(pair)


def test_the_signature_of_another_frame_is_refused(pair: Pair, bob: Hostile) -> None:
    bob.send_bytes(frames.encode(bob.frame(2, text="a")), bob.sign(bob.frame(2, text="b")))
    assert why(pair.alice) == ["a frame is not signed by its author"]


def test_a_frame_that_we_wrote_is_not_theirs(pair: Pair, bob: Hostile) -> None:
    pair.alice.say("mine")
    mine = pair.alice.disk.said[-1]
    bob.send_bytes(mine.data, mine.signature)
    assert why(pair.alice) == ["a frame is not signed by its author"]


@pytest.mark.parametrize("ts_ms", [0, 2**53])
def test_a_wrong_clock_holds_nothing_up(pair: Pair, bob: Hostile, ts_ms: int) -> None:
    bob.send(replace(bob.frame(2), ts_ms=ts_ms))
    assert why(pair.alice) == []
    assert len(pair.alice.disk.received) == 1


@pytest.mark.parametrize("seq", [0, 2**53 + 1])
def test_a_number_that_no_stream_has_is_refused(pair: Pair, bob: Hostile, seq: int) -> None:
    frame = bob.frame(2)
    bob.send_bytes(frames.encode(replace(frame, seq=seq)), bob.sign(frame))
    assert len(pair.alice.refused) == 1
    assert is_up(pair)


@pytest.mark.parametrize("changes", [{"seq": 1}, {"prev": bytes(31) + b"\1"}])
def test_a_frame_outside_of_the_stream_has_no_place_in_it(
    pair: Pair, bob: Hostile, changes: dict[str, object]
) -> None:
    frame = replace(bob.outside(Text("x")), **changes)
    bob.send(frame)
    assert len(pair.alice.refused) == 1
    assert is_up(pair)


# Streams


def test_two_frames_with_one_number_raise_the_alarm(pair: Pair, bob: Hostile) -> None:
    bob.send(bob.frame(2, text="true"))
    bob.send(bob.frame(2, text="false"), lane=1)
    assert pair.alice.texts == ["true"]
    assert pair.alice.disk.alarms == [Danger.EQUIVOCATION]


def test_two_held_frames_with_one_number_raise_the_alarm(pair: Pair, bob: Hostile) -> None:
    second = bob.frame(2, text="second")
    head = frames.next_hash(second.prev, frames.encode(second))
    bob.send(bob.frame(3, text="true", prev=head))
    bob.send(bob.frame(3, text="false", prev=head))
    assert pair.alice.disk.alarms == [Danger.EQUIVOCATION]
    assert set(pair.alice.disk.held) == set(pair.alice.connection.inbox.held), "the first stays"
    pair.alice.reload()
    bob.send(second)
    assert pair.alice.texts == ["second", "true"]


def test_a_held_frame_that_follows_nothing_is_dropped_with_an_alarm(
    pair: Pair, bob: Hostile
) -> None:
    second = bob.frame(2, text="second")
    head = frames.next_hash(second.prev, frames.encode(second))
    bob.send(bob.frame(3, text="false", prev=bytes(32)))
    bob.send(second)
    assert pair.alice.texts == ["second"]
    assert pair.alice.disk.alarms == [Danger.EQUIVOCATION]
    assert pair.alice.disk.held == {}
    assert pair.alice.connection.inbox.gap(second.stream) == (3, 3), "the true one is asked for"
    bob.send(bob.frame(3, text="true", prev=head))
    assert pair.alice.texts == ["second", "true"]
    assert pair.alice.connection.due is not None
    pair.settle()
    assert pair.alice.connection.due is None


@pytest.mark.parametrize("age", [1, REMEMBERED - 1, REMEMBERED + 5])
def test_a_restored_backup_raises_the_alarm_at_last_when_it_catches_up(
    pair: Pair, bob: Hostile, age: int
) -> None:
    backup = pair.bob.disk.copy()
    for count in range(age):
        pair.bob.say(str(count))
    pair.settle()
    known = pair.alice.connection.state.streams[bob.frame(1).stream]
    assert known.seq == age + 1
    # The lanes of the backup are out of step, so only a later lane could carry its frames.
    head = pair.bob.connection.state.outbox.head
    old = backup.load(pair.clock).state.outbox
    prev, seq = old.head, old.seq
    for count in range(age + 1):
        frame = bob.frame(seq + 1, text=f"again {count}", prev=prev)
        bob.send(frame)
        prev, seq = frames.next_hash(prev, frames.encode(frame)), seq + 1
    assert pair.alice.disk.alarms
    assert set(pair.alice.disk.alarms) == {Danger.EQUIVOCATION}
    assert pair.alice.texts == [str(count) for count in range(age)]
    assert known.head == head


def test_one_message_id_on_two_frames_raises_the_alarm_and_shows_the_first(
    pair: Pair, bob: Hostile
) -> None:
    first = bob.frame(2, text="true")
    head = frames.next_hash(first.prev, frames.encode(first))
    second = replace(bob.frame(3, text="false", prev=head), id=first.id)
    third = bob.frame(4, prev=frames.next_hash(head, frames.encode(second)), text="later")
    for frame in (first, third, second):
        bob.send(frame)
    assert pair.alice.texts == ["true", "later"]
    assert pair.alice.disk.alarms == [Danger.EQUIVOCATION]
    assert pair.alice.disk.held == {}
    other = replace(bob.frame(1, text="in another stream", stream=b"another!"), id=first.id)
    bob.send(other)
    assert pair.alice.texts == ["true", "later"]
    assert len(pair.alice.disk.alarms) == 2


def test_the_first_frame_of_a_stream_follows_its_name(pair: Pair, bob: Hostile) -> None:
    bob.send(bob.frame(1, stream=b"another!", prev=bytes(32)))
    assert why(pair.alice) == ["the first frame of a stream names a predecessor"]
    assert b"another!" not in pair.alice.connection.state.streams


def test_a_side_has_so_many_streams_and_no_more(pair: Pair, bob: Hostile) -> None:
    for number in range(1, MAX_STREAMS):
        bob.send(bob.frame(1, stream=number.to_bytes(8, "big")))
    assert not pair.alice.refused
    bob.send(bob.frame(1, stream=bytes(8)))
    assert why(pair.alice) == ["the other side opened too many streams"]
    assert len(pair.alice.connection.state.streams) == MAX_STREAMS
    pair.alice.reload()
    assert is_up(pair)


@pytest.mark.parametrize("seq", [2 + MAX_HELD, 2**53])
def test_what_is_too_far_ahead_is_not_held_but_known_to_be_missing(
    pair: Pair, bob: Hostile, seq: int
) -> None:
    first = bob.frame(1 + MAX_HELD)
    bob.send(bob.frame(seq))
    assert pair.alice.connection.inbox.held == {}
    assert pair.alice.connection.inbox.gap(first.stream) == (2, seq)
    bob.send(first)
    assert len(pair.alice.connection.inbox.held) == 1


@pytest.fixture(params=[100, pytest.param(MAX_HELD, marks=pytest.mark.slow)])
def most(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how many frames can be held: few, which is fast, and as many as there may be."""
    most: int = request.param
    monkeypatch.setattr("graphchat.core.inbox.MAX_HELD", most)
    return most


def test_who_missed_more_than_can_be_held_gets_it_all_in_the_end(pair: Pair, most: int) -> None:
    for queue in pair.alice.queues.values():
        queue.swallows = True
    count = most + 200
    for number in range(count):
        pair.bob.say(str(number))
    pair.settle()
    assert pair.alice.texts == []
    for queue in pair.alice.queues.values():
        queue.swallows = False
    assert is_up(pair)
    assert pair.alice.texts == [*map(str, range(count)), "honest"]


def test_what_all_streams_hold_together_is_bounded_and_comes_again(
    pair: Pair, bob: Hostile, most: int
) -> None:
    streams = [number.to_bytes(8, "big") for number in range(3)]
    for stream in streams:
        for seq in range(2, most // 2 + 2):
            bob.send(bob.frame(seq, stream=stream))
    assert len(pair.alice.connection.inbox.held) == len(pair.alice.disk.held) == most
    assert pair.alice.connection.inbox.gap(streams[2]) == (1, most // 2 + 1)
    assert not pair.alice.refused


def test_held_frames_are_bounded_in_bytes(
    pair: Pair, bob: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphchat.core.inbox.MAX_HELD_BYTES", 10_000)
    for _ in range(12):
        pair.bob.say("x" * 1000)
    written = pair.bob.disk.said[1:]
    for each in written[1:]:
        bob.send_bytes(each.data, each.signature)
    inbox = pair.alice.connection.inbox
    assert sum(len(signed.data) for signed in inbox.held.values()) <= 10_000
    assert 5 < len(inbox.held) < 11
    bob.send_bytes(written[0].data, written[0].signature)
    assert len(pair.alice.texts) == 1 + 9 - (9 - len(pair.alice.texts) + 1)
    assert inbox.held == {}
    pair.settle()
    assert len(pair.alice.texts) == 12, "what had no room was asked for again"


def test_skipped_keys_are_bounded(pair: Pair, bob: Hostile) -> None:
    for _ in range(3):
        for _ in range(SKIPPED):
            bob.seal(b"", b"")
        bob.send(bob.outside(Text("x")))
    ratchet = pair.alice.connection.lanes[0]._ratchet
    assert ratchet is not None
    assert sum(len(chain.skipped) for chain in ratchet.receiving) <= SKIPPED
    assert not pair.alice.refused
    assert is_up(pair)


# Messages


def test_messages_of_unknown_types_are_kept(pair: Pair, bob: Hostile) -> None:
    raw = b"\x82\xa4type\xa5later\xa1x\x07"
    pair.bob.write(Kind.CONTENT, raw)
    pair.settle()
    assert pair.alice.disk.received[0].message == Unknown("later", raw)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xc1",
        b"\x81\xa4type\xa4text",
        b"\x82\xa4type\xa4text\xa4text\xa1\xff",
        b"\x91" * 2000,
    ],
)
def test_a_damaged_message_does_not_hold_up_the_stream(pair: Pair, payload: bytes) -> None:
    pair.bob.write(Kind.CONTENT, payload)
    pair.bob.say("after it")
    pair.settle()
    damaged, after = pair.alice.disk.received
    assert damaged.message == Unknown("damaged", payload)
    assert after.message == Text("after it")
    assert pair.bob.disk.frames == {}, "both are covered"


def test_a_second_welcome_brings_a_new_card_and_nothing_else(pair: Pair) -> None:
    pair.bob.write(Kind.CONTROL, encode(Welcome(card("Robert"))))
    pair.settle()
    shake = pair.alice.connection.state.handshake
    assert shake.peer_profile == card("Robert")
    assert shake.phase is Phase.ESTABLISHED
    assert pair.alice.disk.received == []
    assert is_up(pair)


# Receipts and requests


def head(side: Side, seq: int) -> bytes:
    return side.disk.said[seq - 1].head


def receipt(pair: Pair, seq: int, of: bytes, lanes: tuple[int, ...] = (0, 0)) -> ReceiptBody:
    """Sign a receipt for Alice's stream with Bob's key."""
    machine, stream = pair.bob.connection, pair.alice.connection.state.outbox.stream
    statement = frames.receipt_statement(machine.cid, stream, seq, of, 7)
    seen = tuple(LaneSeen(number, seq) for number, seq in enumerate(lanes))
    return ReceiptBody(stream, seq, 7, machine.outbox.sign(statement), seen)


@pytest.fixture
def waiting(pair: Pair) -> Pair:
    """Alice has said something that Bob has not got: her frames 2 and 3."""
    pair.alice.say("a")
    pair.alice.say("b")
    return pair


def test_a_receipt_covers_what_it_names(waiting: Pair, bob: Hostile) -> None:
    bob.send(bob.outside(receipt(waiting, 2, head(waiting.alice, 2), (2, 1))))
    assert list(waiting.alice.disk.frames) == [3]
    assert waiting.alice.connection.state.outbox.lanes == {0: 2, 1: 1}


def cover(pair: Pair, body: ReceiptBody) -> Connection:
    """Have Alice look up a frame that she has, whatever the receipt says."""
    machine = pair.alice.connection
    machine.cover(body, head(pair.alice, min(3, body.seq)))
    return machine


def test_bad_receipts_are_refused_and_change_nothing(waiting: Pair) -> None:
    alice = waiting.alice
    good = receipt(waiting, 3, head(alice, 3))
    bad = [
        receipt(waiting, 4, bytes(32)),
        receipt(waiting, 4, head(alice, 3)),
        receipt(waiting, 3, head(alice, 2)),
        receipt(waiting, 3, head(alice, 3), (4, 0)),
        replace(good, seq=2),
        replace(good, ts_ms=8),
        replace(good, stream=bytes(8)),
        replace(good, signature=bytes(64)),
    ]
    for body in bad:
        before = alice.visible()
        with pytest.raises(RemoteProtocolError):
            cover(waiting, body)
        assert alice.visible() == before
    assert cover(waiting, good).state.outbox.covered == 3


def test_an_older_receipt_that_comes_later_takes_nothing_back(waiting: Pair) -> None:
    alice = waiting.alice
    cover(waiting, receipt(waiting, 3, head(alice, 3), (3, 1)))
    cover(waiting, receipt(waiting, 2, head(alice, 2), (1, 2)))
    assert alice.connection.state.outbox.covered == 3
    assert alice.connection.state.outbox.lanes == {0: 3, 1: 2}


def test_a_receipt_in_the_stream_is_not_one(waiting: Pair) -> None:
    body = receipt(waiting, 3, head(waiting.alice, 3))
    waiting.bob.write(Kind.CONTENT, encode(body))
    for queue in waiting.bob.queues.values():
        queue.down = True
    waiting.settle()
    assert waiting.alice.connection.state.outbox.covered == 1


def repeats(pair: Pair, bob: Hostile, message: Resend) -> list[do.Effect]:
    frame = bob.outside(message)
    envelope = bob.seal(frames.encode(frame), bob.sign(frame))
    return pair.alice.connection.receive(0, envelope)


def test_a_request_repeats_what_is_not_covered(waiting: Pair, bob: Hostile) -> None:
    stream = waiting.alice.connection.state.outbox.stream
    assert repeats(waiting, bob, Resend(stream, 1, 3)) == [do.Repeat(2, 3)]
    assert repeats(waiting, bob, Resend(stream, 3, 3)) == [do.Repeat(3, 3)]
    assert repeats(waiting, bob, Resend(stream, 1, 1)) == []


def test_a_request_for_frames_never_sent_is_refused(waiting: Pair, bob: Hostile) -> None:
    stream = waiting.alice.connection.state.outbox.stream
    for request in (Resend(stream, 1, 4), Resend(stream, 5, 9), Resend(bytes(8), 1, 1)):
        bob.send(bob.outside(request))
    assert why(waiting.alice) == ["a resend request is for frames never sent"] * 3
    assert waiting.alice.disk.again == []


def test_a_request_has_a_limit(waiting: Pair, bob: Hostile) -> None:
    stream = waiting.alice.connection.state.outbox.stream
    frame = bob.outside(Resend(stream, 1, MAX_RESEND))
    # One more than fits: the last two digits are those of `last`.
    payload = frame.payload.replace(b"last\xcc\x80", b"last\xcc\x81")
    assert payload != frame.payload
    bob.send(replace(frame, payload=payload))
    assert why(waiting.alice) == ["a message is malformed or breaks a limit"]


@pytest.mark.parametrize("kind", [Kind.RECEIPT, Kind.COVER])
def test_other_messages_outside_of_the_stream_are_ignored(
    pair: Pair, bob: Hostile, kind: Kind
) -> None:
    before = pair.alice.visible()
    bob.send(bob.outside(Text("x"), kind))
    bob.send(bob.outside(Welcome(card("x")), kind))
    assert pair.alice.visible() == before
    assert not pair.alice.refused


def test_a_frame_in_the_stream_needs_a_kind_of_the_stream(pair: Pair) -> None:
    with pytest.raises(LocalProtocolError):
        pair.bob.write(Kind.RECEIPT, b"")
