from hashlib import blake2b

from hypothesis import given, strategies as st

from graphchat.crypto.work import is_enough, search

HASH, KEY = b"h" * 32, b"k" * 32


@given(bits=st.integers(1, 10), ckb=st.binary(min_size=32, max_size=32))
def test_what_is_found_is_enough(bits: int, ckb: bytes) -> None:
    nonce = search(HASH, ckb, bits, 0, 1 << 20)
    assert nonce is not None
    digest = blake2b(b"gc/1 pow" + HASH + ckb + nonce, digest_size=32).digest()
    assert f"{int.from_bytes(digest):0256b}".startswith("0" * bits)
    assert is_enough(HASH, ckb, nonce, bits)


@given(nonce=st.binary(min_size=8, max_size=8), bits=st.integers(1, 26))
def test_it_is_enough_if_so_many_bits_are_zero(nonce: bytes, bits: int) -> None:
    digest = blake2b(b"gc/1 pow" + HASH + KEY + nonce, digest_size=32).digest()
    zeros = 256 - int.from_bytes(digest).bit_length()
    assert is_enough(HASH, KEY, nonce, bits) == (zeros >= bits)
    assert (search(HASH, KEY, bits, int.from_bytes(nonce) >> 1, 1) is not None) == is_enough(
        HASH, KEY, (int.from_bytes(nonce) >> 1).to_bytes(8), bits
    )


def test_work_is_good_for_one_code_and_one_key() -> None:
    nonce = search(HASH, KEY, 12, 0, 1 << 20)
    assert nonce is not None
    assert not is_enough(b"x" * 32, KEY, nonce, 12)
    assert not is_enough(HASH, b"x" * 32, nonce, 12)


def test_a_nonce_has_eight_bytes() -> None:
    nonce = search(HASH, KEY, 1, 0, 1000)
    assert nonce is not None
    assert not is_enough(HASH, KEY, b"", 1)
    assert not is_enough(HASH, KEY, nonce + b"\0", 1)


def test_without_bits_nothing_is_wanted() -> None:
    assert is_enough(HASH, KEY, b"", 0)


def test_a_search_ends() -> None:
    assert search(HASH, KEY, 26, 0, 100) is None
