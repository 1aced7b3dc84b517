import pytest
from hypothesis import given, strategies as st

from graphchat.crypto.envelope import HEADER, SEALED_HEADER, Header, pack_body, unpack_body
from graphchat.errors import DecryptionError, LocalProtocolError
from graphchat.wire.limits import SIZES, XXL, S

NUMBER = st.integers(0, 2**32 - 1)
HEADERS = st.builds(
    Header,
    st.binary(min_size=32, max_size=32),
    NUMBER,
    NUMBER,
    st.sampled_from([b"", b"k" * 1184]),
    st.sampled_from([b"", b"c" * 1088]),
)
OVERHEAD = SEALED_HEADER + 40
SMALL = S - OVERHEAD


def test_the_sizes_are_those_of_the_specification() -> None:
    assert (HEADER, SEALED_HEADER) == (2313, 2353)


@given(HEADERS)
def test_a_header_comes_back(header: Header) -> None:
    data = header.pack()
    assert len(data) == HEADER
    assert Header.unpack(data) == header


def test_a_header_is_laid_out_as_written_down() -> None:
    data = Header(b"r" * 32, 1, 2, b"k" * 1184, b"c" * 1088).pack()
    assert data == b"\3" + b"r" * 32 + b"\0\0\0\1\0\0\0\2" + b"k" * 1184 + b"c" * 1088
    assert Header(b"r" * 32, 0, 0).pack() == b"\0" + b"r" * 32 + bytes(2280)


@pytest.mark.parametrize("at", [0, 41, 41 + 1183, 41 + 1184, HEADER - 1])
def test_unknown_flags_and_values_without_their_flag_are_refused(at: int) -> None:
    data = bytearray(Header(b"r" * 32, 1, 2).pack())
    data[at] = 4
    with pytest.raises(DecryptionError):
        Header.unpack(bytes(data))


@given(st.binary(max_size=3000), st.sampled_from([b"", b"s" * 64]))
def test_a_body_comes_back_and_fills_a_size_class(frame: bytes, signature: bytes) -> None:
    body = pack_body(frame, signature, None)
    assert unpack_body(body) == (frame, signature)
    assert len(body) + OVERHEAD == next(
        size for size in SIZES if len(frame) + len(signature) + 5 + OVERHEAD <= size
    )
    for size in SIZES[1:3]:
        assert len(pack_body(frame, signature, size)) + OVERHEAD == size
        assert unpack_body(pack_body(frame, signature, size)) == (frame, signature)


def test_a_body_is_laid_out_as_written_down() -> None:
    body = pack_body(b"frame", b"s" * 64, None)
    assert body == (b"\0\0\0\5\x40frame" + b"s" * 64).ljust(SMALL, b"\0")


def test_the_largest_frame_fits_and_one_byte_more_does_not() -> None:
    room = XXL - OVERHEAD - 5
    assert unpack_body(pack_body(bytes(room), b"", None)) == (bytes(room), b"")
    for frame, signature, size in (
        (bytes(room + 1), b"", None),
        (bytes(room), b"s" * 64, None),
        (bytes(SMALL - 4), b"", S),
        (b"", b"", S - 1),
        (b"", b"", 0),
        (b"", b"s" * 63, None),
    ):
        with pytest.raises(LocalProtocolError):
            pack_body(frame, signature, size)


@pytest.mark.parametrize(
    "start",
    [
        b"\0\0\0\1\0f!",  # not zero behind the frame
        b"\0\0\0\1\1fs",  # a signature of one byte
        b"\xff\xff\xff\xff\0",
        (SMALL - 4).to_bytes(4, "big"),
        (SMALL - 5).to_bytes(4, "big") + b"\x40",
    ],
)
def test_a_body_that_is_not_well_formed_is_refused(start: bytes) -> None:
    with pytest.raises(DecryptionError):
        unpack_body(start.ljust(SMALL, b"\0"))
