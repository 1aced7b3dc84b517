from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st
from tests.sdk.core.proof.cases import ALICE, BOB, NOW_MS, case, only, proof

from graphchat.content import Text
from graphchat.core.proof import Case, Kept, bundle as form, make, verify
from graphchat.core.proof.bundle import Author
from graphchat.errors import ContentError


def texts(data: bytes) -> list[str]:
    findings = verify(data).findings
    assert findings is not None
    return [each.message.text for each in findings.shown if isinstance(each.message, Text)]


def parts(data: bytes, author: Author) -> list[tuple[int, int]]:
    segments = form.decode(data).party(author).segments
    return [(each.first, each.first + len(each.links) - 1) for each in segments]


def test_a_whole_conversation_is_shown_from_its_beginning() -> None:
    data = proof()
    assert sorted(texts(data)) == ["I agree", "and pay on Friday", "hello", "the price is 100"]
    assert parts(data, "inviter") == [(1, 4)]
    assert parts(data, "invited") == [(1, 3)]


def test_what_nothing_signed_covers_is_left_out() -> None:
    data = proof(case(receipts={"inviter": [2], "invited": []}))
    assert parts(data, "inviter") == [(1, 3)]


def test_a_proof_of_one_message_shows_no_other() -> None:
    data = proof(only(case(), ("inviter", 3)), whole=False)
    assert texts(data) == ["the price is 100"]
    assert parts(data, "inviter") == [(3, 4)]
    assert parts(data, "invited") == []
    for other in (b"hello", b"I agree", b"Friday"):
        assert other not in data


def test_messages_far_apart_are_parts_of_their_own() -> None:
    said = [Text(str(number)) for number in range(1, 21)]
    whole = case({"inviter": said, "invited": []}, {"inviter": [3, 12], "invited": []})
    data = proof(
        only(whole, ("inviter", 1), ("inviter", 2), ("inviter", 9), ("inviter", 20)), whole=False
    )
    assert parts(data, "inviter") == [(1, 3), (9, 12), (20, 20)]
    assert texts(data) == ["1", "2", "9", "20"]


def test_what_the_history_changed_is_shown_by_its_hash() -> None:
    whole = case()
    [kept] = whole.said[0]
    records = [*kept.records]
    records[0] = replace(records[0], payload=b"\x80")
    changed = replace(whole, said=([Kept(kept.stream, records, kept.receipts)], whole.said[1]))
    assert "hello" not in texts(proof(changed))
    assert "the price is 100" in texts(proof(changed))


@pytest.mark.parametrize(("by", "key"), [("inviter", ALICE), ("invited", BOB)])
def test_either_side_makes_proofs(by: Author, key: object) -> None:
    findings = verify(proof(by=by)).findings
    assert findings is not None
    assert findings.made_by == by
    assert key in {ALICE, BOB}


def test_a_proof_that_is_too_large_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form, "MAX_SIZE", 2000)
    with pytest.raises(ContentError, match="Leave out"):
        make(case(), "inviter", ALICE, NOW_MS, whole=True)


@given(
    hers=st.lists(st.booleans(), max_size=12),
    his=st.lists(st.booleans(), max_size=12),
    first=st.sets(st.integers(1, 12)),
    second=st.sets(st.integers(1, 12)),
    whole=st.booleans(),
)
def test_whatever_is_shown_the_proof_holds(
    *, hers: Sequence[bool], his: Sequence[bool], first: set[int], second: set[int], whole: bool
) -> None:
    said = [
        [Text(f"{who}{number}") if spoken else "signal" for number, spoken in enumerate(sides)]
        for who, sides in (("a", hers), ("b", his))
    ]
    receipts = [
        sorted(seq for seq in wanted if seq <= len(side))
        for wanted, side in ((first, hers), (second, his))
    ]
    found = case(
        {"inviter": said[0], "invited": said[1]},
        {"inviter": receipts[0], "invited": receipts[1]},
    )
    expected = [each.text for side in said for each in side if isinstance(each, Text)]
    assert sorted(texts(proof(found, whole=whole))) == sorted(expected)
    _check_received(found, proof(found, whole=whole))


def _check_received(found: Case, data: bytes) -> None:
    """Every message that a receipt covers is shown as received."""
    findings = verify(data).findings
    assert findings is not None
    for author, streams in zip(form.AUTHORS, found.said, strict=True):
        highest = max((seq for seq, _, _ in streams[0].receipts), default=0)
        for each in findings.shown:
            if each.author == author:
                assert (each.received_ms is not None) == (each.seq <= highest)
