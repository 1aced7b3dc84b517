"""The order of posts, and what is missing in it."""

from random import Random

import pytest
from hypothesis import given, settings, strategies as st
from tests.sdk.core.groups.founding import key_of
from tests.sdk.core.groups.test_post import GROUP, written

from graphchat.core.groups import chains
from graphchat.core.groups.chains import Chains, Conflict, Hold, Show, Skipped
from graphchat.core.groups.post import SignedPost

AUTHOR = key_of("a").public


def chain_of(count: int, text: str = "post") -> list[SignedPost]:
    rows: list[SignedPost] = []
    for seq in range(1, count + 1):
        prev = rows[-1].hash if rows else b""
        rows.append(written(seq, prev, f"{text} {seq}".encode()))
    return rows


def test_posts_are_shown_once_and_in_order() -> None:
    here, (one, two, three) = Chains(GROUP), chain_of(3)
    assert here.receive(one) == [Show(one)]
    assert here.receive(three) == [Hold(three)]
    assert here.receive(three) == []
    assert here.gap(AUTHOR) == (2, 2)
    assert here.receive(two) == [Show(two), Show(three)]
    assert here.receive(one) == here.receive(three) == []
    assert here.gap(AUTHOR) is None


def test_a_hole_is_named_and_filled_later() -> None:
    here, rows = Chains(GROUP), chain_of(6)
    here.receive(rows[0])
    here.receive(rows[4])
    assert here.skip(AUTHOR) == [Skipped(AUTHOR, 2, 4), Show(rows[4])]
    assert here.skip(AUTHOR) == []
    assert here.receive(rows[5]) == [Show(rows[5])]
    assert here.receive(rows[2]) == [Show(rows[2])]
    assert here.receive(rows[2]) == []
    assert here.receive(rows[3]) == [Show(rows[3])]
    assert here.receive(rows[1]) == [Show(rows[1])]
    assert here.of(AUTHOR).holes == []


def test_a_deleted_post_is_not_looked_for() -> None:
    here, rows = Chains(GROUP), chain_of(3)
    here.receive(rows[0])
    here.receive(rows[2])
    here.skip(AUTHOR)
    here.forget(AUTHOR, 2)
    assert here.of(AUTHOR).holes == []


def test_two_posts_with_one_number_are_noticed() -> None:
    here, rows, others = Chains(GROUP), chain_of(3), chain_of(3, "other")
    here.receive(rows[0])
    assert here.receive(others[0]) == [Conflict(AUTHOR, 1)]
    assert here.receive(others[1]) == [Conflict(AUTHOR, 1)]
    here.receive(rows[2])
    assert here.receive(others[2]) == [Conflict(AUTHOR, 3)]


def test_a_post_that_waited_and_does_not_fit_is_noticed() -> None:
    here, rows, others = Chains(GROUP), chain_of(3), chain_of(3, "other")
    here.receive(rows[0])
    here.receive(others[2])
    assert here.receive(rows[1]) == [Show(rows[1]), Conflict(AUTHOR, 2)]
    assert here.receive(rows[2]) == [Show(rows[2])]


def test_what_fills_a_hole_must_fit_behind_it() -> None:
    here, rows, others = Chains(GROUP), chain_of(3), chain_of(3, "other")
    here.receive(rows[0])
    here.receive(rows[2])
    here.skip(AUTHOR)
    assert here.receive(others[1]) == [Conflict(AUTHOR, 2)]
    assert here.receive(rows[1]) == [Show(rows[1])]


def test_newcomers_begin_where_they_came_in() -> None:
    here, rows = Chains(GROUP), chain_of(4)
    assert here.begin(AUTHOR, 2, rows[1].hash)
    assert not here.begin(AUTHOR, 1, rows[0].hash)
    assert here.receive(rows[0]) == []
    assert here.receive(rows[2]) == [Show(rows[2])]


def test_what_waits_and_what_is_missing_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chains, "MAX_HELD", 2)
    monkeypatch.setattr(chains, "MAX_HOLES", 2)
    here, rows = Chains(GROUP), chain_of(9)
    assert [bool(here.receive(rows[n])) for n in (1, 3, 5)] == [True, True, False]
    for number in (1, 3, 5, 7):
        here.receive(rows[number])
        here.skip(AUTHOR)
    assert [hole.first for hole in here.of(AUTHOR).holes] == [5, 7]


@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=100)
def test_any_order_and_repetition_shows_each_once(seed: int) -> None:
    random, rows = Random(seed), chain_of(12)
    copies = rows * 2
    random.shuffle(copies)
    here = Chains(GROUP)
    shown = [out.post for row in copies for out in here.receive(row) if isinstance(out, Show)]
    assert shown == rows
    assert here.held == {}


@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=100)
def test_with_impatience_each_is_still_shown_once(seed: int) -> None:
    random, rows = Random(seed), chain_of(12)
    copies = rows * 2
    random.shuffle(copies)
    here, shown = Chains(GROUP), list[SignedPost]()
    for row in copies:
        found = here.receive(row)
        if random.random() < 0.3:
            found += here.skip(AUTHOR)
        assert not any(isinstance(out, Conflict) for out in found)
        shown += [out.post for out in found if isinstance(out, Show)]
    assert sorted(each.post.seq for each in shown) == list(range(1, 13))
