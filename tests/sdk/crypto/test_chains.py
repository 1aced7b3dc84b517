import pytest
from hypothesis import given, strategies as st

from graphchat.crypto.chains import AHEAD, ENDED, SKIPPED, Chain, bounded
from graphchat.crypto.kdf import chain_step
from graphchat.errors import DecryptionError, RepeatedError
from graphchat.secret import Secret


def chain(name: bytes = b"a") -> Chain:
    return Chain(Secret(name * 32), Secret(name * 32), 0, {})


def key_at(number: int, name: bytes = b"a") -> Secret:
    key = Secret(name * 32)
    for _ in range(number):
        key = chain_step(key)[1]
    return chain_step(key)[0]


def test_the_limits_are_those_of_the_specification() -> None:
    assert (SKIPPED, AHEAD, ENDED) == (512, 16_384, 16)


@given(st.lists(st.integers(0, 40), max_size=60))
def test_each_key_is_given_out_once_in_any_order(numbers: list[int]) -> None:
    at, given_out = chain(), set[int]()
    for number in numbers:
        if number in given_out:
            with pytest.raises(RepeatedError):
                at.take(number)
            continue
        key, at = at.take(number)
        given_out.add(number)
        assert key == key_at(number)
        assert set(at.skipped) == set(range(max(given_out) + 1)) - given_out


def test_taking_changes_nothing_in_the_chain_before() -> None:
    before = chain().skip_to(5)
    kept = dict(before.skipped)
    before.take(2)
    before.take(9)
    before.end_at(20)
    assert (before.number, before.skipped) == (5, kept)


def test_an_ended_chain_has_what_was_skipped_and_nothing_beyond() -> None:
    ended = chain().take(1)[1].end_at(4)
    assert (ended.key, ended.number, set(ended.skipped)) == (None, 4, {0, 2, 3})
    assert ended.take(3)[0] == key_at(3)
    for beyond in (4, 5, 2**32 - 1):
        with pytest.raises(DecryptionError) as raised:
            ended.take(beyond)
        assert not isinstance(raised.value, RepeatedError)
    assert chain().take(7)[1].end_at(3).number == 8


def test_a_jump_beyond_the_limit_is_refused_and_the_latest_keys_of_a_long_one_are_kept() -> None:
    for too_far in (AHEAD + 1, 2**32 - 1):
        with pytest.raises(DecryptionError):
            chain().take(too_far)
        with pytest.raises(DecryptionError):
            chain().end_at(too_far)
    far = chain().take(AHEAD)[1]
    assert list(far.skipped) == list(range(AHEAD - SKIPPED, AHEAD))
    with pytest.raises(RepeatedError):
        far.take(0)


@given(st.lists(st.integers(0, SKIPPED), max_size=8), st.integers(0, ENDED + 8))
def test_chains_are_bounded_and_the_oldest_keys_go_first(gaps: list[int], empty: int) -> None:
    newest = chain(b"n")
    chains = (
        newest,
        *(chain(bytes([n])).end_at(gap) for n, gap in enumerate(gaps)),
        *[chain(b"e").end_at(0)] * empty,
    )
    kept = bounded(chains)
    assert kept[0] == newest
    assert len(kept) <= 1 + max(ENDED, len(gaps))
    keys = [key for one in chains for key in reversed(one.skipped.values())]
    left = [key for one in kept for key in reversed(one.skipped.values())]
    assert left == keys[:SKIPPED]
    assert bounded(kept) == kept
