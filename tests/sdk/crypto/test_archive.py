import pytest
from hypothesis import given, settings, strategies as st

from graphchat.crypto.archive import HEAD_SIZE, OVERHEAD, PIECE, Head, Opener, Sealer
from graphchat.crypto.vault import Strength
from graphchat.errors import PassphraseError, StoreError
from graphchat.testing.clock import FakeClock

CHEAP = Strength(operations=1, memory=8192)


def sealed(*texts: bytes, generation: int = 3) -> list[bytes]:
    """Return the head and the pieces of a backup."""
    sealer = Sealer("pass", generation, FakeClock(b"archive"), CHEAP)
    last = len(texts) - 1
    return [sealer.head, *(sealer.seal(text, last=at == last) for at, text in enumerate(texts))]


def opened(parts: list[bytes], passphrase: str = "pass") -> list[bytes]:
    opener = Opener(Head.parse(parts[0]), passphrase)
    found = [opener.open(part) for part in parts[1:]]
    assert [last for _, last in found] == [*([False] * (len(found) - 1)), True]
    return [text for text, _ in found]


@given(st.lists(st.binary(max_size=100), min_size=1, max_size=5))
@settings(max_examples=30)
def test_what_is_sealed_opens(texts: list[bytes]) -> None:
    parts = sealed(*texts)
    assert len(parts[0]) == HEAD_SIZE
    assert [len(part) - len(text) for part, text in zip(parts[1:], texts, strict=True)] == [
        OVERHEAD
    ] * len(texts)
    assert opened(parts) == texts


def test_a_head_says_when_and_of_which_generation_it_is() -> None:
    clock = FakeClock(b"archive")
    head = Head.parse(sealed(b"text", generation=7)[0])
    assert (head.generation, head.made_at, head.strength) == (7, int(clock.now()), CHEAP)


def test_another_passphrase_does_not_open_it() -> None:
    with pytest.raises(PassphraseError, match="does not open this backup"):
        opened(sealed(b"text"), "other")


@given(at=st.integers(0, HEAD_SIZE - 1), flip=st.integers(1, 255))
@settings(max_examples=100)
def test_no_byte_of_a_head_can_be_changed(at: int, flip: int) -> None:
    head, piece = sealed(b"text")
    changed = bytearray(head)
    changed[at] ^= flip
    try:
        # A changed head may ask for more work than a test has time for.
        parsed = Head.parse(bytes(changed))
        is_cheap = parsed.strength.operations * parsed.strength.memory <= 1 << 24
    except StoreError:
        return
    if is_cheap:
        with pytest.raises(StoreError):
            opened([bytes(changed), piece])


def test_pieces_can_not_be_changed_moved_repeated_or_left_out() -> None:
    head, *pieces = sealed(b"one", b"two", b"end")
    wrong = [
        [pieces[1], pieces[0], pieces[2]],
        [pieces[0], pieces[0]],
        [pieces[0], pieces[2]],
        [pieces[1]],
        [pieces[0], bytes([pieces[1][0] ^ 1]) + pieces[1][1:]],
        [pieces[0][:-1]],
        [b""],
    ]
    for parts in wrong:
        with pytest.raises(StoreError, match="damaged or cut off"):
            opened([head, *parts])


def test_pieces_of_one_backup_are_of_no_use_in_another() -> None:
    first, second = sealed(b"one", b"end"), sealed(b"one", b"end", generation=4)
    with pytest.raises(StoreError):
        opened([first[0], *second[1:]])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no backup"),
        (b"GCVAULT\0" + bytes(100), "no backup"),
        (b"GCBACKUP", "no backup"),
        (b"GCBACKUP\2" + bytes(100), "newer version"),
        (b"GCBACKUP\0" + bytes(100), "damaged"),
        (b"GCBACKUP\1" + bytes(50), "damaged"),
        (b"GCBACKUP\1" + b"\xff" * 100, "too much work"),
    ],
)
def test_what_is_no_head_says_what_it_is(data: bytes, words: str) -> None:
    with pytest.raises(StoreError, match=words):
        Head.parse(data)


def test_a_piece_is_bounded() -> None:
    assert opened(sealed(b"x" * PIECE)) == [b"x" * PIECE]
