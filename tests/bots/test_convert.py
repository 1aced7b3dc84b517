from datetime import date, timedelta
from enum import Enum
from typing import Literal

import pytest
from hypothesis import given, strategies as st

from graphchat_bots.convert import MAX_SPAN, Converter, Rest, converter, parse_span


class Colour(Enum):
    RED = 1
    DARK_BLUE = 2


def of(annotation: object) -> Converter:
    found = converter(annotation)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("annotation", "word", "value"),
    [
        (str, "tea", "tea"),
        (int, "-12", -12),
        (float, "2.5", 2.5),
        (bool, "Yes", True),
        (bool, "off", False),
        (timedelta, "1h30m", timedelta(minutes=90)),
        (timedelta, "2.5D", timedelta(hours=60)),
        (date, "2030-12-31", date(2030, 12, 31)),
        (Literal["S", "M"], "m", "M"),
        (Literal[1, 2], "2", 2),
        (Colour, "dark_blue", Colour.DARK_BLUE),
        (int | None, "7", 7),
        (Rest, "all of it", "all of it"),
    ],
)
def test_words_become_values_of_the_annotated_type(
    annotation: object, word: str, value: object
) -> None:
    assert of(annotation).parse(word) == value


@pytest.mark.parametrize(
    ("annotation", "word"),
    [
        (int, "three"),
        (int, str(2**63)),
        (int, "9" * 5000),
        (float, "nan"),
        (float, "1e999"),
        (bool, "maybe"),
        (timedelta, "5"),
        (timedelta, "5 minutes"),
        (timedelta, "m5"),
        (timedelta, "1h 30x"),
        (timedelta, "99999999w"),
        (timedelta, "3661d"),
        (date, "31.12.2030"),
        (Literal["S", "M"], "L"),
        (Colour, "1"),
    ],
)
def test_words_that_do_not_fit_are_refused(annotation: object, word: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        of(annotation).parse(word)


@pytest.mark.parametrize("annotation", [bytes, object(), list[int], int | str, int | str | None])
def test_words_cannot_become_other_types(annotation: object) -> None:
    assert converter(annotation) is None


def test_values_that_people_cannot_tell_apart_are_no_choice() -> None:
    assert converter(Literal["a", "A"]) is None


def test_an_optional_type_makes_an_optional_argument() -> None:
    assert of(int | None).optional
    assert not of(int).optional


def test_a_choice_says_what_can_be_chosen() -> None:
    assert of(Literal["S", "M", "L"]).wanted == "S, M or L"
    assert of(Literal["S"]).wanted == "S"


@given(st.text())
def test_any_text_is_a_time_of_at_most_ten_years_or_none(text: str) -> None:
    try:
        span = parse_span(text)
    except ValueError:
        return
    assert timedelta() <= span <= MAX_SPAN


@given(st.integers(0, 10**6))
def test_seconds_come_out_as_they_went_in(seconds: int) -> None:
    assert parse_span(f"{seconds}s") == timedelta(seconds=seconds)
