from typing import Final

import pytest

from graphchat.content import LaneSeen, ReceiptBody
from graphchat.core import frame as frames
from graphchat.core.frame import NO_HASH, Kind
from graphchat.core.outbox import Outbox, Written
from graphchat.crypto.keys import SigningKey
from graphchat.errors import LocalProtocolError, RemoteProtocolError
from graphchat.ids import ConnectionId, MessageId
from graphchat.secret import Secret

CID: Final = ConnectionId(b"c" * 16)
STREAM: Final = b"s" * 8
OURS: Final = SigningKey(Secret(b"a" * 32))
THEIRS: Final = SigningKey(Secret(b"b" * 32))


def filled(count: int) -> tuple[Outbox, list[Written]]:
    """Return an outbox that wrote ``count`` frames, and them."""
    outbox = Outbox(CID, OURS, Outbox.start(CID, STREAM))
    return outbox, [
        outbox.append(Kind.CONTENT, MessageId(bytes([n] * 16)), b"x", n) for n in range(count)
    ]


def receipt(
    seq: int, head: bytes, lanes: tuple[int, ...] = (0,), key: SigningKey = THEIRS
) -> ReceiptBody:
    statement = frames.receipt_statement(CID, STREAM, seq, head, 5)
    seen = tuple(LaneSeen(number, seq) for number, seq in enumerate(lanes))
    return ReceiptBody(STREAM, seq, 5, key.sign(statement), seen)


def test_frames_are_numbered_chained_and_signed() -> None:
    outbox, written = filled(3)
    head = frames.first_hash(CID, STREAM)
    for number, each in enumerate(written, 1):
        frame = frames.decode(each.data)
        assert (frame.seq, frame.stream, frame.prev) == (number, STREAM, head)
        frames.check(OURS.public, CID, frame, each.data, each.signature)
        head = frames.next_hash(head, each.data)
        assert (each.seq, each.head, each.id) == (number, head, frame.id)
    assert (outbox.state.seq, outbox.state.head) == (3, head)


def test_what_stands_outside_takes_no_number() -> None:
    outbox, written = filled(2)
    data, signature = outbox.outside(Kind.RECEIPT, MessageId(bytes(16)), b"x", 0)
    frame = frames.decode(data)
    assert (frame.seq, frame.prev) == (0, NO_HASH)
    frames.check(OURS.public, CID, frame, data, signature)
    assert (outbox.state.seq, outbox.state.head) == (2, written[-1].head)


@pytest.mark.parametrize("kind", [Kind.RECEIPT, Kind.COVER])
def test_a_stream_has_only_kinds_with_numbers(kind: Kind) -> None:
    outbox, _ = filled(1)
    with pytest.raises(LocalProtocolError):
        outbox.append(kind, MessageId(bytes(16)), b"", 0)
    assert outbox.state.seq == 1


def test_a_receipt_covers_everything_up_to_its_number() -> None:
    outbox, written = filled(3)
    assert outbox.cover([THEIRS.public], receipt(2, written[1].head, (2, 1)), written[1].head)
    assert (outbox.state.covered, outbox.state.lanes) == (2, {0: 2, 1: 1})
    assert not outbox.cover([THEIRS.public], receipt(2, written[1].head, (2, 2)), written[1].head)
    assert (outbox.state.covered, outbox.state.lanes) == (2, {0: 2, 1: 2})
    assert outbox.cover([THEIRS.public], receipt(3, written[2].head), written[2].head)
    assert not outbox.cover([THEIRS.public], receipt(1, written[0].head, (1, 1)), written[0].head)
    assert (outbox.state.covered, outbox.state.lanes) == (3, {0: 2, 1: 1}), "0 is not taken back"


def test_a_receipt_that_is_not_theirs_for_this_history_is_refused() -> None:
    outbox, written = filled(2)
    head = written[1].head
    for body, says in (
        (receipt(3, head), "never sent"),
        (receipt(2, head, (3,)), "never sent"),
        (receipt(2, head, key=OURS), "not signed"),
        (receipt(2, written[0].head), "not signed"),
        (receipt(2, bytes(32)), "not signed"),
        (ReceiptBody(bytes(8), 2, 5, receipt(2, head).signature, (LaneSeen(0, 0),)), "never sent"),
        (ReceiptBody(STREAM, 2, 6, receipt(2, head).signature, (LaneSeen(0, 0),)), "not signed"),
    ):
        with pytest.raises(RemoteProtocolError, match=says):
            outbox.cover([THEIRS.public], body, head)
        assert (outbox.state.covered, outbox.state.lanes) == (0, {})
