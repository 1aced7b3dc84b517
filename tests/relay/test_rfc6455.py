from itertools import pairwise

import pytest
from hypothesis import given, strategies as st
from tests.relay.raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame as masked, head
from wsproto.frame_protocol import FrameProtocol

from graphchat_relay.rfc6455 import Close, Code, Event, FrameError, Opcode, Parser, Ping, frame

MOST = 1000
Result = tuple[list[Event], Code | None]

texts = st.text(max_size=80)
binaries = st.binary(max_size=300)
controls = st.binary(max_size=125)
streams = st.lists(st.one_of(texts, binaries, controls.map(Ping)), max_size=6)


def parsed(data: bytes, cuts: list[int]) -> Result:
    """Feed a stream in pieces; return what was heard, and how it broke."""
    parser, found = Parser(MOST), list[Event]()
    places = sorted({0, len(data), *(cut for cut in cuts if cut <= len(data))})
    for start, end in pairwise(places):
        parser.feed(data[start:end])
        try:
            while (event := parser.next()) is not None:
                found.append(event)
        except FrameError as error:
            return found, error.code
    return found, None


def in_parts(event: Event, cuts: list[int]) -> bytes:
    """Write a message in fragments, with a control frame between them; or a ping as it is."""
    if isinstance(event, Ping):
        return masked(PING, event.payload)
    assert isinstance(event, str | bytes)
    data, opcode = (event.encode(), TEXT) if isinstance(event, str) else (event, BINARY)
    places = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    pieces = [data[start:end] for start, end in pairwise(places)]
    written = [
        masked(CONTINUATION if number else opcode, piece, last=number + 1 == len(pieces))
        for number, piece in enumerate(pieces)
    ]
    return masked(PONG, b"x").join(written)


@given(streams, st.lists(st.integers(1, 300), max_size=4), st.lists(st.integers(0, 3000)))
def test_what_was_said_is_heard_however_it_is_cut(
    events: list[Event], parts: list[int], cuts: list[int]
) -> None:
    data = b"".join(in_parts(event, parts) for event in events)
    assert parsed(data, cuts) == (events, None)
    assert parsed(data, list(range(len(data)))) == (events, None)


@given(st.binary(max_size=200), st.lists(st.integers(0, 200)))
def test_noise_is_refused_however_it_is_cut(data: bytes, cuts: list[int]) -> None:
    assert parsed(data, cuts) == parsed(data, []) == parsed(data, list(range(len(data))))


@given(
    st.binary(max_size=70), st.integers(0, 70), st.integers(0, 255), st.lists(st.integers(0, 300))
)
def test_a_stream_that_was_bent_is_refused_however_it_is_cut(
    text: bytes, place: int, byte: int, cuts: list[int]
) -> None:
    data = bytearray(masked(BINARY, text, last=False) + masked(CONTINUATION, text))
    data[place % len(data)] = byte
    assert parsed(bytes(data), cuts) == parsed(bytes(data), [])


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536])
def test_frames_are_read_by_others(length: int) -> None:
    reader = FrameProtocol(client=True, extensions=[])
    reader.receive_bytes(frame(Opcode.BINARY, bytes(length)))
    [found] = reader.received_frames()
    assert (found.payload, found.message_finished) == (bytes(length), True)


@pytest.mark.parametrize("length", [0, 1, 125, 126, 999, MOST])
def test_a_message_may_have_any_length_to_the_limit(length: int) -> None:
    assert parsed(masked(BINARY, bytes(length)), [3]) == ([bytes(length)], None)


PROTOCOL, NO_TEXT, TOO_LONG = Code.PROTOCOL, Code.NO_TEXT, Code.TOO_LONG


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x00", PROTOCOL),  # without a mask
        *((bytes([0x80 | bit | BINARY, 0x80]), PROTOCOL) for bit in (0x40, 0x20, 0x10)),
        *((bytes([0x80 | opcode, 0x80]), PROTOCOL) for opcode in (3, 4, 5, 6, 7, 11, 15)),
        (head(0x80 | PING, 126), PROTOCOL),
        (head(PING, 0), PROTOCOL),  # in fragments
        (masked(CONTINUATION, b"x"), PROTOCOL),
        (masked(TEXT, b"x", last=False) + masked(TEXT, b"x"), PROTOCOL),
        (b"\x82\xfe\x00\x7d", PROTOCOL),  # a length that has a shorter form
        (b"\x82\xff" + (65_535).to_bytes(8), PROTOCOL),
        (b"\x82\xff\xff" + bytes(7), PROTOCOL),
        (masked(TEXT, b"\xff"), NO_TEXT),
        (masked(TEXT, b"\xc3", last=False) + masked(CONTINUATION, b"x"), NO_TEXT),
        (head(0x80 | BINARY, MOST + 1), TOO_LONG),
        (head(0x80 | TEXT, 2**62), TOO_LONG),
        (masked(BINARY, bytes(MOST), last=False) + head(0x80, 1), TOO_LONG),
        (masked(CLOSE, b"x"), PROTOCOL),
        *((masked(CLOSE, code.to_bytes(2)), PROTOCOL) for code in (0, 999, 1004, 1005, 1006)),
        *((masked(CLOSE, code.to_bytes(2)), PROTOCOL) for code in (1015, 1016, 2999, 5000)),
        (masked(CLOSE, b"\x03\xe8\xff"), NO_TEXT),
    ],
)
def test_what_breaks_the_rules_has_a_code(data: bytes, code: Code) -> None:
    assert parsed(masked(BINARY, b"before") + data + masked(BINARY), []) == ([b"before"], code)


@pytest.mark.parametrize(
    "payload", [b"", b"\x03\xe8", b"\x03\xf4bye", b"\x0b\xb8", (4999).to_bytes(2)]
)
def test_nothing_follows_a_farewell(payload: bytes) -> None:
    data = masked(CLOSE, payload) + b"\xff\xff\xff"
    assert parsed(data, []) == ([Close(payload)], None)


def unfinished(parser: Parser) -> bool:
    return parser.unfinished


def test_what_has_begun_is_unfinished_until_it_ends() -> None:
    parser = Parser(MOST)
    assert not unfinished(parser)
    for data in (masked(TEXT, b"x", last=False), masked(PING)):
        parser.feed(data)
        while parser.next() is not None:
            pass
        assert unfinished(parser)
    parser.feed(masked(CONTINUATION))
    assert parser.next() == "x"
    assert not unfinished(parser)
    parser.feed(masked(BINARY, b"x")[:1])
    assert parser.next() is None
    assert unfinished(parser)
    parser.clear()
    parser.feed(b"more")
    assert not unfinished(parser)
