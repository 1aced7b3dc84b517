import pytest
from hypothesis import given, strategies as st

from graphchat.content import Choice, Choices, Option, Text
from graphchat_bots.choosing import chosen, in_words, reacted

SIZES = (Option("s", "Small one"), Option("m", "Medium"), Option("l", "Large"))


def test_choices_read_as_one_text() -> None:
    assert in_words(Choices("Which size?", SIZES)) == (
        "Which size? 1) Small one 2) Medium 3) Large"
    )


def test_a_text_of_its_own_stands_for_the_labels() -> None:
    assert in_words(Choices("Right?", SIZES, fallback="(yes/no)")) == "Right? (yes/no)"


@pytest.mark.parametrize("typed", ["2", "2)", "2.", "(2)", "#2", " medium ", "MEDIUM", "m"])
def test_number_label_and_id_answer_alike(typed: str) -> None:
    assert chosen(SIZES, Text(typed)) is SIZES[1]


def test_spaces_in_a_label_do_not_matter() -> None:
    assert chosen(SIZES, Text("small   ONE")) is SIZES[0]


def test_a_button_answers_by_its_id() -> None:
    assert chosen(SIZES, Choice(b"x" * 16, "l", "Large")) is SIZES[2]
    assert chosen(SIZES, Choice(b"x" * 16, "xl", "Small one")) is None


@pytest.mark.parametrize("typed", ["0", "4", "-1", "two", "1 2", "²"])
def test_anything_else_is_no_answer(typed: str) -> None:
    assert chosen(SIZES, Text(typed)) is None


def test_labels_that_are_numbers_are_labels() -> None:
    options = (Option("a", "3"), Option("b", "2"), Option("c", "1"))
    assert chosen(options, Text("1")) is options[2]


@given(st.text(min_size=1, max_size=50))
def test_nothing_that_is_typed_makes_it_fail(typed: str) -> None:
    found = chosen(SIZES, Text(typed))
    assert found is None or found in SIZES


@pytest.mark.parametrize(
    ("emoji", "label"), [("1️⃣", "Yes ❤️"), ("1\u20e3", "Yes ❤️"), ("❤", "Yes ❤️"), ("👎", "No 👎")]
)
def test_a_number_or_an_emoji_of_a_label_reacts(emoji: str, label: str) -> None:
    options = (Option("y", "Yes ❤️"), Option("n", "No 👎"))
    found = reacted(options, emoji)
    assert found is not None
    assert found.label == label


def test_a_reaction_that_could_mean_two_options_or_none_means_none() -> None:
    options = tuple(Option(str(n), f"{n} 🍎") for n in range(10))
    assert reacted(options, "🍎") is None
    assert reacted(options, "👍") is None
    assert reacted(options, "") is None
    assert reacted(options, "🔟") == options[9]
    assert reacted(options[:3], "🔟") is None
