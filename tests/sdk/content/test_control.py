import msgspec
import pytest

from graphchat.content import (
    BotCommand,
    BotCommands,
    LaneSeen,
    ReceiptBody,
    Resend,
    decode,
    encode,
)
from graphchat.errors import ContentError, RemoteProtocolError

STREAM = bytes(8)
SIGNATURE = bytes(64)


def test_a_receipt_has_16_lanes_at_most_and_one_at_least_and_none_twice() -> None:
    lanes = tuple(LaneSeen(number, 0) for number in range(17))
    ReceiptBody(STREAM, 1, 0, SIGNATURE, lanes[:16])
    for wrong in [(), lanes, lanes[:1] * 2]:
        with pytest.raises(ContentError):
            ReceiptBody(STREAM, 1, 0, SIGNATURE, wrong)


@pytest.mark.parametrize(
    "lane", [[-1, 0, 0], [0, -1, 0], [0, 0, -1], [2**53 + 1, 0], [0], [0, 1, 2, 3]]
)
def test_what_came_by_a_lane_keeps_its_limits(lane: list[int]) -> None:
    body = ReceiptBody(STREAM, 1, 0, SIGNATURE, (LaneSeen(0, 0),))
    fields = {**msgspec.msgpack.decode(encode(body)), "lanes": [lane]}
    with pytest.raises(RemoteProtocolError):
        decode(msgspec.msgpack.encode(fields))


@pytest.mark.parametrize(
    ("stream", "seq", "ts_ms", "signature"),
    [
        (bytes(7), 1, 0, SIGNATURE),
        (bytes(9), 1, 0, SIGNATURE),
        (STREAM, 0, 0, SIGNATURE),
        (STREAM, 2**63, 0, SIGNATURE),
        (STREAM, 1, -1, SIGNATURE),
        (STREAM, 1, 0, bytes(63)),
    ],
)
def test_a_receipt_out_of_its_limits_is_refused(
    stream: bytes, seq: int, ts_ms: int, signature: bytes
) -> None:
    with pytest.raises(ContentError):
        ReceiptBody(stream, seq, ts_ms, signature, (LaneSeen(0, 1),))


def test_at_most_128_frames_are_asked_for_at_once() -> None:
    Resend(STREAM, 5, 5)
    Resend(STREAM, 5, 132)
    Resend(STREAM, 2**63 - 1, 2**63 - 1)
    for first, last in [(5, 133), (5, 4), (0, 1), (2**63 - 1, 2**63), (-5, -4)]:
        with pytest.raises(ContentError):
            Resend(STREAM, first, last)


@pytest.mark.parametrize("name", ["", "/help", "Help", "a b", "é", "-a", "a" * 33, "help\n"])
def test_a_command_that_nobody_can_type_is_refused(name: str) -> None:
    with pytest.raises(ContentError):
        BotCommand(name, "")


def test_a_bot_announces_each_command_once_and_at_most_200() -> None:
    commands = tuple(BotCommand(f"c{n}", "does it") for n in range(201))
    BotCommands(commands[:200])
    with pytest.raises(ContentError, match="201"):
        BotCommands(commands)
    with pytest.raises(ContentError, match="twice"):
        BotCommands(commands[:1] * 2)
    with pytest.raises(ContentError):
        BotCommand("help", "line\nline")
