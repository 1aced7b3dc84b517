import pytest

from graphchat.content import Choice, Choices, Option, Poll
from graphchat.errors import ContentError

TARGET = bytes(16)
YES = Option("yes", "Yes")


def test_buttons_are_1_to_20_with_ids_of_their_own() -> None:
    options = tuple(Option(f"{n}", f"Number {n}") for n in range(21))
    Choices("?", options[:1])
    asked = Choices("?", options[:20])
    assert asked.option("7").label == "Number 7"
    for wrong in (options, (), (YES, Option("yes", "No"))):
        with pytest.raises(ContentError):
            Choices("?", wrong)
    with pytest.raises(ContentError, match="There is no option 'x'"):
        asked.option("x")


@pytest.mark.parametrize(
    ("name", "label"),
    [("", "x"), ("x" * 65, "x"), ("a\nb", "x"), ("x", ""), ("x", "y" * 201), ("x", "a\x1b[2J")],
)
def test_an_option_is_a_line(name: str, label: str) -> None:
    with pytest.raises(ContentError):
        Option(name, label)
    with pytest.raises(ContentError):
        Choice(TARGET, name, label)


@pytest.mark.parametrize("question", ["", " \n", "\u200b", "x" * 2001])
def test_a_question_can_be_read(question: str) -> None:
    with pytest.raises(ContentError):
        Choices(question, (YES,))
    with pytest.raises(ContentError):
        Poll(question, ("a", "b"))


@pytest.mark.parametrize(
    "options", [(), ("a",), ("a", "a"), ("a", ""), tuple(f"{n}" for n in range(21))]
)
def test_a_poll_has_2_to_20_options_that_differ(options: tuple[str, ...]) -> None:
    Poll("?", tuple(f"{n}" for n in range(20)))
    with pytest.raises(ContentError):
        Poll("?", options)


def test_what_replies_names_a_message_and_quotes_a_little_of_it() -> None:
    Choices("?", (YES,), reply_to=TARGET, quote="x" * 200)
    for reply_to, quote in ((b"short", ""), (b"", "quote"), (TARGET, "x" * 201)):
        with pytest.raises(ContentError):
            Poll("?", ("a", "b"), reply_to=reply_to, quote=quote)
