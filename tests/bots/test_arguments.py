import pytest
from hypothesis import given, strategies as st

from graphchat_bots.arguments import Argument, parse
from graphchat_bots.convert import Rest, converter
from graphchat_bots.errors import ArgumentError


def argument(name: str, annotation: object, *default: object) -> Argument:
    found = converter(annotation)
    assert found is not None
    return Argument(name, found, not default, default[0] if default else None)


def test_words_fill_arguments_in_order() -> None:
    given_ = [argument("n", int), argument("size", str), argument("text", Rest)]
    assert parse(given_, "3 large  with  two spaces ") == {
        "n": 3,
        "size": "large",
        "text": "with  two spaces",
    }


def test_what_is_left_out_has_its_default() -> None:
    assert parse([argument("n", int, 5), argument("text", Rest, "none")], "") == {
        "n": 5,
        "text": "none",
    }


@pytest.mark.parametrize("text", ['"two words" 3', "“two words” 3"])
def test_quotation_marks_hold_words_together(text: str) -> None:
    assert parse([argument("name", str), argument("n", int)], text) == {
        "name": "two words",
        "n": 3,
    }


def test_a_single_quotation_mark_is_a_character() -> None:
    assert parse([argument("name", str), argument("rest", Rest)], '"two words') == {
        "name": '"two',
        "rest": "words",
    }


def test_a_missing_argument_is_asked_for_in_words() -> None:
    with pytest.raises(ArgumentError) as caught:
        parse([argument("how_many", int)], "")
    assert str(caught.value) == (
        "Something is missing: HOW_MANY must be a whole number, for example 3."
    )


def test_a_wrong_argument_is_shown_with_what_would_be_right() -> None:
    with pytest.raises(ArgumentError) as caught:
        parse([argument("n", int)], "three")
    assert str(caught.value) == "“three” does not fit: N must be a whole number, for example 3."


def test_too_many_words_are_refused() -> None:
    with pytest.raises(
        ArgumentError, match="That is too much: I do not know what to do with “4 5”"
    ):
        parse([argument("n", int)], "3 4 5")


def test_a_very_long_word_is_not_repeated_in_full() -> None:
    with pytest.raises(ArgumentError) as caught:
        parse([argument("n", int)], "x" * 10_000)
    assert len(str(caught.value)) < 120


def test_optional_arguments_stand_in_brackets() -> None:
    assert argument("n", int).usage() == "N"
    assert argument("n", int, 5).usage() == "[N]"


@given(st.text())
def test_any_text_gives_values_or_is_refused(text: str) -> None:
    try:
        values = parse([argument("n", int), argument("rest", Rest, "")], text)
    except ArgumentError:
        return
    assert isinstance(values["n"], int)
    assert isinstance(values["rest"], str)
