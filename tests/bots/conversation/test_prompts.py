from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Literal

import pytest

from graphchat import content
from graphchat.content import Choice, Choices, Text
from graphchat_bots.conversation.prompts import choice, confirmation, optional, prompt
from graphchat_bots.conversation.question import Q
from graphchat_bots.errors import ArgumentError
from graphchat_bots.message import Message, Sender


def said(text: str | content.Message) -> Message:
    message = Text(text) if isinstance(text, str) else text
    return Message(b"m" * 16, Sender("s", "Ann"), message, datetime.now(UTC))


class Colour(Enum):
    RED = "r"
    BLUE = "b"


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        (str, " two words ", "two words"),
        (int, "3", 3),
        (float, "2.5", 2.5),
        (bool, "yes", True),
        (bool, "n", False),
        (bool, "2", False),
        (timedelta, "5m", timedelta(minutes=5)),
        (date, "2030-12-31", date(2030, 12, 31)),
        (Literal["S", "M"], "2", "M"),
        (Literal[3, 7], "7", 7),
        (Colour, "blue", Colour.BLUE),
    ],
)
def test_answers_become_values(kind: object, typed: str, value: object) -> None:
    assert prompt("What?", kind).accept(said(typed)) == value


@pytest.mark.parametrize(
    ("kind", "typed", "text"),
    [
        (int, "many", "I need a whole number, for example 3."),
        (bool, "perhaps", "I need yes or no."),
        (Literal["S", "M", "L"], "XL", "I need S, M or L."),
        (date, "tomorrow", "I need a date, for example 2030-12-31."),
    ],
)
def test_what_does_not_fit_says_what_would(kind: object, typed: str, text: str) -> None:
    with pytest.raises(ArgumentError, match=text.replace(".", r"\.")):
        prompt("What?", kind).accept(said(typed))


def test_a_picture_is_no_text() -> None:
    with pytest.raises(ArgumentError, match="some text"):
        prompt("What?").accept(said(content.Location(1.0, 2.0)))


def test_a_place_can_be_asked_for_and_anything_at_all() -> None:
    place = content.Location(1.0, 2.0)
    assert prompt("Where?", content.Location).accept(said(place)) is place
    assert prompt("What?", Message).accept(said(place)).content is place  # type: ignore[attr-defined]
    with pytest.raises(ArgumentError, match="a place"):
        prompt("Where?", content.Location).accept(said("here"))


def test_what_nobody_can_say_is_a_mistake_of_the_bot() -> None:
    with pytest.raises(TypeError):
        prompt("What?", bytes)


def test_the_sentence_about_the_last_answer_comes_first() -> None:
    assert prompt("How many?", int).words("I need a number.") == Text("I need a number. How many?")


def test_choices_have_buttons_and_many_are_a_list() -> None:
    few = choice(Q("Which?"), {"one": 1, "two": 2})
    assert isinstance(few.words(""), Choices)
    assert few.accept(said(Choice(b"q" * 16, "2", "two"))) == 2
    many = choice(Q("Which?"), {f"number {n}": n for n in range(1, 31)})
    listed = many.words("")
    assert isinstance(listed, Text)
    assert listed.text.startswith("Which?\n1) number 1\n2) number 2\n")
    assert many.accept(said("30")) == 30


def test_a_long_question_for_yes_or_no_is_a_text() -> None:
    asked = confirmation(Q("x" * 2_001)).words("")
    assert isinstance(asked, Text)
    assert asked.text.endswith("(yes/no)")


def test_what_may_be_skipped_says_so() -> None:
    asked = optional(Q("How many?", id="n"), int, 1)
    assert asked.words("") == Text("How many? (or skip)")
    assert asked.name == "n"
    assert asked.accept(said("Skip")) == 1
    assert asked.accept(said("4")) == 4
