import pytest
from hypothesis import given, strategies as st

from graphchat.errors import LocalProtocolError
from graphchat_bots.conversation.journal import DivergedError, Journal
from graphchat_bots.conversation.record import Answered, Did, Failed, Happened, TimedOut, entry_of

NOBODY = Happened("e", "message", "c", "s", "Ann", 0.0)
ASKED, STEPS = (Answered, TimedOut), (Did, Failed)


def answered(name: str) -> Answered:
    return Answered(name, NOBODY)


def test_entries_answer_in_their_order() -> None:
    journal = Journal([answered("size"), Did("place", b"\x01")])
    assert journal.next(ASKED, "size") == answered("size")
    assert journal.next(STEPS, "place") == Did("place", b"\x01")
    assert not journal.replaying
    assert journal.next(ASKED, "more") is None


@pytest.mark.parametrize(("kinds", "name"), [(ASKED, "colour"), (STEPS, "size")])
def test_another_question_or_another_kind_is_a_divergence(
    kinds: tuple[type[Answered], type[TimedOut]], name: str
) -> None:
    with pytest.raises(DivergedError):
        Journal([answered("size")]).next(kinds, name)


def test_only_what_is_new_has_to_be_stored() -> None:
    journal = Journal([answered("size")])
    journal.next(ASKED, "size")
    journal.add(Did("place", b"\x01"))
    assert [(n, entry_of(body)) for n, body in journal.unstored()] == [(1, Did("place", b"\x01"))]
    journal.are_stored()
    assert journal.unstored() == ()


def test_by_name_the_order_does_not_matter_and_the_rest_is_kept() -> None:
    journal = Journal([answered("a"), answered("b"), answered("c")], by_name=True)
    assert journal.next(ASKED, "c") == answered("c")
    assert journal.next(ASKED, "new") is None
    journal.add(answered("new"))
    kept = [entry_of(body).name for _, body in journal.unstored()]
    assert kept == ["c", "new", "a", "b"]


def test_an_endless_conversation_is_an_error() -> None:
    journal = Journal([answered("again")] * 1_000)
    with pytest.raises(LocalProtocolError):
        journal.add(answered("again"))


names = st.sampled_from("abc")
entries = st.lists(names.map(answered) | names.map(lambda name: Did(name, b"\xc0")), max_size=20)


@given(entries)
def test_a_journal_replays_what_it_has_stored(given_entries: list[Answered | Did]) -> None:
    journal = Journal([])
    for entry in given_entries:
        journal.add(entry)
    again = Journal([entry_of(body) for _, body in journal.unstored()])
    for entry in given_entries:
        kinds = ASKED if isinstance(entry, Answered) else STEPS
        assert again.next(kinds, entry.name) == entry
    assert not again.replaying
    assert again.unstored() == ()
