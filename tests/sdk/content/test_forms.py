from math import inf, nan
from typing import Any, cast

import pytest
from hypothesis import given, strategies as st

from graphchat.content import Form, FormAnswer, FormField
from graphchat.errors import ContentError

TARGET = bytes(16)
NAME = FormField("name", "Your name", required=True, least=2, most=10)
SEATS = FormField("seats", "Seats", "number", least=1, most=8)
DAY = FormField("day", "Day", "date")
TABLE = FormField("table", "Table", "choice", choices=("inside", "outside"))
VEGAN = FormField("vegan", "Vegan", "yes-no")
FORM = Form("A table", (NAME, SEATS, DAY, TABLE, VEGAN))


@pytest.mark.parametrize(
    "values",
    [
        {"name": "Bob"},
        {"name": "Bob", "seats": 8, "day": "2024-02-29", "table": "inside", "vegan": False},
        {"name": "Bo", "seats": 1.5},
    ],
)
def test_what_fits_the_form_is_allowed(values: dict[str, Any]) -> None:
    FORM.check(values)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "Your name: this is missing, and has to be filled in."),
        ({"name": "B"}, "Your name: this must be text from 2 up to 10 characters."),
        ({"name": 5}, "Your name: this must be text"),
        ({"name": "Bob", "seats": 0}, "Seats: this must be a number from 1 up to 8."),
        ({"name": "Bob", "seats": True}, "Seats: this must be a number"),
        ({"name": "Bob", "seats": inf}, "Seats: this must be a number"),
        ({"name": "Bob", "seats": "8"}, "Seats: this must be a number"),
        ({"name": "Bob", "day": "2023-02-29"}, "Day: this must be a date, such as"),
        ({"name": "Bob", "day": "20240229"}, "Day: this must be a date"),
        ({"name": "Bob", "table": "cellar"}, "Table: this must be one of: inside, outside."),
        ({"name": "Bob", "vegan": "yes"}, "Vegan: this must be yes or no."),
        ({"name": "Bob", "vegan": 1}, "Vegan: this must be yes or no."),
        ({"name": "Bob", "age": 5}, "The form has no field 'age'. Fields: name, seats,"),
    ],
)
def test_what_does_not_fit_the_form_is_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ContentError, match=f"^{sentence}"):
        FORM.check(values)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("text", {"choices": ("a",)}),
        ("choice", {}),
        ("choice", {"choices": tuple("x" * n for n in range(1, 52))}),
        ("choice", {"choices": ("",)}),
        ("date", {"least": 1}),
        ("choice", {"choices": ("a",), "most": 1}),
        ("number", {"least": 2, "most": 1}),
        ("number", {"least": nan}),
        ("number", {"most": inf}),
        ("colour", {}),
    ],
)
def test_a_field_that_nobody_can_fill_in_is_refused(kind: str, more: dict[str, Any]) -> None:
    with pytest.raises(ContentError):
        FormField("x", "X", cast("Any", kind), **more)


@pytest.mark.parametrize("name", ["", "A", "a b", "-a", "a" * 33, "a\n"])
def test_a_field_has_a_name_for_programs(name: str) -> None:
    with pytest.raises(ContentError):
        FormField(name, "X")
    with pytest.raises(ContentError):
        FormAnswer(TARGET, {name: "x"})


def test_a_form_has_1_to_30_fields_with_names_of_their_own() -> None:
    fields = tuple(FormField(f"f{n}", f"Field {n}") for n in range(31))
    Form("?", fields[:30])
    for wrong in (fields, (), fields[:1] * 2):
        with pytest.raises(ContentError):
            Form("?", wrong)


@pytest.mark.parametrize("value", ["x" * 4001, 2**63, -(2**63), inf, nan, "\ud83e"])
def test_a_value_that_others_cannot_hold_is_refused(value: Any) -> None:
    FormAnswer(TARGET, {"x": 2**63 - 1, "y": "x" * 4000})
    with pytest.raises(ContentError):
        FormAnswer(TARGET, {"x": value})
    with pytest.raises(ContentError):
        FormAnswer(TARGET, {f"f{n}": 1 for n in range(31)})


@given(
    st.dictionaries(st.text(max_size=5), st.text() | st.booleans() | st.floats() | st.integers())
)
def test_any_answer_is_judged_and_never_crashes(values: dict[str, Any]) -> None:
    try:
        FORM.check(values)
    except ContentError:
        return
    assert "name" in values
