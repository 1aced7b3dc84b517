import pytest

from graphchat.content import BotCommand, BotCommands, ReceiptBody, Resend
from graphchat.errors import ContentError

STREAM = bytes(8)
SIGNATURE = bytes(64)


def test_a_receipt_has_8_lanes_at_most_and_one_at_least() -> None:
    ReceiptBody(STREAM, 1, 0, SIGNATURE, (0,) * 8)
    for lanes in [(), (0,) * 9, (-1,), (2**63,)]:
        with pytest.raises(ContentError):
            ReceiptBody(STREAM, 1, 0, SIGNATURE, lanes)


@pytest.mark.parametrize(
    ("stream", "seq", "ts_ms", "signature"),
    [
        (bytes(7), 1, 0, SIGNATURE),
        (bytes(9), 1, 0, SIGNATURE),
        (STREAM, 0, 0, SIGNATURE),
        (STREAM, 2**63, 0, SIGNATURE),
        (STREAM, 1, -1, SIGNATURE),
        (STREAM, 1, 0, bytes(63)),
        (STREAM, 1, 0, b""),
    ],
)
def test_a_receipt_out_of_its_limits_is_refused(
    stream: bytes, seq: int, ts_ms: int, signature: bytes
) -> None:
    with pytest.raises(ContentError):
        ReceiptBody(stream, seq, ts_ms, signature, (1,))


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
