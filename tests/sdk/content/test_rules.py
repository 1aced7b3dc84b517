import pytest
from hypothesis import given, strategies as st

from graphchat.content import rules
from graphchat.errors import ContentError


@pytest.mark.parametrize("text", ["Zoë", "Anna-Lena 🦊", "محمد", "名前", "O'Neil", "\u05d0"])
def test_names_of_all_scripts_are_allowed(text: str) -> None:
    rules.name("name", text, 100)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "\u200b", "\u00a0\u3000", "\ufeff", "\u3164", "\u2800"),
        *("a" * 101, "a\nb", "a\x1b[2J", "a\x00", "a\u200b", "\u200fa", "a\u00ad"),
    ],
)
def test_names_that_cannot_be_shown_safely_are_refused(text: str) -> None:
    with pytest.raises(ContentError):
        rules.name("name", text, 100)


@pytest.mark.parametrize(
    "char", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029"
)
def test_a_line_cannot_turn_or_break_what_follows_it(char: str) -> None:
    with pytest.raises(ContentError, match="invisible control characters"):
        rules.line("status", f"a{char}b", 100)


@given(st.text(max_size=20))
def test_prose_that_is_allowed_can_be_written_as_utf_8(text: str) -> None:
    rules.prose("text", text, 20)
    text.encode()


def test_half_a_character_is_refused_with_a_text_for_people() -> None:
    with pytest.raises(ContentError, match="The text is not valid Unicode text"):
        rules.prose("text", "\ud83e", 20)


def test_a_limit_belongs_to_what_is_allowed() -> None:
    rules.prose("text", "a" * 20, 20)
    rules.size("avatar", b"12", 1, 2)
    rules.number("width", 2, 1, 2)
    with pytest.raises(ContentError, match="21 characters; 20 fit"):
        rules.prose("text", "a" * 21, 20)
    with pytest.raises(ContentError, match="has 3 bytes; it must have from 1 to 2"):
        rules.size("avatar", b"123", 1, 2)
    with pytest.raises(ContentError, match="exactly 8"):
        rules.size("stream", b"123", 8, 8)
    with pytest.raises(ContentError, match="is 0; it must be from 1 to 2"):
        rules.number("width", 0, 1, 2)


def test_what_has_to_be_read_shows_something() -> None:
    rules.shown("question", " two\nlines ", 20)
    for text in ("", " \n", "\u200b\u3164", "x" * 21):
        with pytest.raises(ContentError):
            rules.shown("question", text, 20)
