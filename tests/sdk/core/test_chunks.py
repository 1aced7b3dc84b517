import pytest
from hypothesis import given, strategies as st

from graphchat.clock import SystemClock
from graphchat.content.files import CHUNK, MAX_SIZE
from graphchat.core import chunks
from graphchat.core.chunks import Layout
from graphchat.errors import DecryptionError
from graphchat.secret import Secret
from graphchat.wire.limits import SIZES, XL, XXL, L

KEY = Secret(bytes(range(32)))
CLOCK = SystemClock()


@given(st.integers(0, MAX_SIZE), st.integers(1, 16))
def test_strips_cover_every_byte_once(size: int, strip: int) -> None:
    layout = Layout(size, strip)
    first, last = range(min(layout.strips, 3)), range(max(layout.strips - 3, 0), layout.strips)
    assert sum(layout.length(chunk) for n in first for chunk in layout.of(n)) <= size
    found = [chunk for n in last for chunk in layout.of(n)]
    assert found == list(range(last.start * strip, layout.chunks))
    if size:
        whole = (layout.chunks - 1) * CHUNK
        assert whole + layout.length(layout.chunks - 1) == size
        assert [layout.is_last(chunk) for chunk in found[-2:]] in ([False, True], [True])
    else:
        assert (layout.chunks, layout.strips) == (0, 0)


@given(st.binary(max_size=300))
def test_a_chunk_opens_as_it_was_sealed_and_looks_like_every_other(data: bytes) -> None:
    layout = Layout(CHUNK + len(data), 3)
    envelope = chunks.seal(KEY, layout, 1, data, CLOCK)
    assert len(envelope) == L
    assert chunks.seal(KEY, layout, 1, data, CLOCK) != envelope
    if data:
        assert chunks.open_(KEY, layout, 1, envelope) == data


@pytest.mark.parametrize(
    ("size", "envelope"),
    [
        (1, L),
        (L - 44, L),
        (L - 43, XL),
        (XL - 44, XL),
        (XL - 43, XXL),
        (CHUNK, XXL),
    ],
)
def test_a_chunk_has_one_of_three_lengths(size: int, envelope: int) -> None:
    sealed = chunks.seal(KEY, Layout(size, 1), 0, bytes(size), CLOCK)
    assert len(sealed) == envelope
    assert envelope in SIZES
    assert chunks.open_(KEY, Layout(size, 1), 0, sealed) == bytes(size)


LAYOUT = Layout(2 * CHUNK + 10, 2)
FIRST = chunks.seal(KEY, LAYOUT, 0, b"a" * CHUNK, CLOCK)
LAST = chunks.seal(KEY, LAYOUT, 2, b"c" * 10, CLOCK)


@pytest.mark.parametrize(
    ("layout", "chunk", "envelope", "key"),
    [
        (LAYOUT, 1, FIRST, KEY),  # swapped
        (LAYOUT, 0, FIRST, Secret(bytes(32))),
        (Layout(CHUNK, 2), 0, FIRST, KEY),  # cut off behind it
        (Layout(2 * CHUNK + 11, 2), 2, LAST, KEY),
        (LAYOUT, 2, LAST[:-1], KEY),
        (LAYOUT, 2, LAST + b"\0", KEY),
        (LAYOUT, 2, b"", KEY),
        # Signed and sealed, but not as long as the place wants, or with something behind it.
        (LAYOUT, 2, chunks.seal(KEY, LAYOUT, 2, b"c" * 9, CLOCK), KEY),
        (LAYOUT, 2, chunks.seal(KEY, LAYOUT, 2, b"c" * 11, CLOCK), KEY),
    ],
)
def test_what_is_not_that_chunk_whole_is_refused(
    layout: Layout, chunk: int, envelope: bytes, key: Secret
) -> None:
    with pytest.raises(DecryptionError):
        chunks.open_(key, layout, chunk, envelope)


@given(st.integers(0, len(LAST) - 1), st.integers(0, 7))
def test_every_changed_bit_is_found(place: int, bit: int) -> None:
    changed = bytearray(LAST)
    changed[place] ^= 1 << bit
    with pytest.raises(DecryptionError):
        chunks.open_(KEY, LAYOUT, 2, bytes(changed))


def test_a_chunk_is_found_among_those_that_are_missing() -> None:
    assert chunks.find(KEY, LAYOUT, [0, 1, 2], LAST) == (2, b"c" * 10)
    assert chunks.find(KEY, LAYOUT, [0, 1], LAST) is None
