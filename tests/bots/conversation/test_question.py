import pytest

from graphchat_bots.conversation.question import Q
from graphchat_bots.convert import Rest, converter


@pytest.mark.parametrize(
    ("question", "kind", "wanted"),
    [
        (Q("?", ge=1, le=9), int, "a whole number from 1 to 9"),
        (Q("?", ge=1), int, "a whole number of at least 1"),
        (Q("?", le=0.5), float, "a number of at most 0.5"),
        (Q("?"), int, "a whole number, for example 3"),
        (Q("?", max_length=20), str, "some text, of at most 20 characters"),
        (Q("?"), str, "some text"),
    ],
)
def test_what_is_wanted_is_said_in_words(question: Q, kind: type, wanted: str) -> None:
    found = converter(Rest if kind is str else kind)
    assert found is not None
    assert question.wanted(kind, found) == wanted


def test_limits_count_where_they_mean_something() -> None:
    assert Q("?", ge=1, le=9).allows(9)
    assert not Q("?", ge=1, le=9).allows(10)
    assert not Q("?", ge=1).allows(0.5)
    assert Q("?", ge=1).allows("text")
    assert not Q("?", min_length=3).allows("no")
    assert Q("?", ge=1).allows(value=False)


def test_the_name_follows_from_the_text_unless_it_has_one() -> None:
    assert Q("How many?").name == Q("How many?", ge=1).name != Q("How much?").name
    assert Q("How many?", id="n").name == "n"
