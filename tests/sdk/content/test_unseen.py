import sys
from unicodedata import category

import pytest

from graphchat.content import unseen

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"


@pytest.mark.parametrize(
    "text",
    ["", " \u3000", "\u3164", "\uffa0\u115f\u1160", "\u2800", "\u200d\ufe0f", "\u034f", "\u0301"],
)
def test_fillers_blanks_and_marks_alone_show_nothing(text: str) -> None:
    assert not unseen.shows(text)


@pytest.mark.parametrize("text", ["a", "\u05d0", "\uac00", "\u2764\ufe0f", "\U0001fae8", "!"])
def test_whatever_has_a_form_shows(text: str) -> None:
    assert unseen.shows(text)


def test_no_character_that_only_formats_shows() -> None:
    formats = [chr(code) for code in range(sys.maxunicode) if category(chr(code)) == "Cf"]
    assert len(formats) > 150
    assert not unseen.shows("".join(formats))
    assert [char for char in formats if not unseen.hides(f"a{char}")] == []


@pytest.mark.parametrize(
    "text",
    [
        FAMILY,
        f"Ann {FAMILY}",
        f"Iain {SCOTLAND}",
        "\u2764\ufe0f\u200d\U0001f525",
        "\u06a9\u062a\u0627\u0628\u200c\u0647\u0627",  # a Persian plural
        "\u0d38\u0d41\u0d28\u0d3f\u0d32\u0d4d\u200d",  # a name in Malayalam that ends in a joiner
        "\u845b\U000e0100\u57ce",
    ],
)
def test_emoji_flags_and_words_that_need_joiners_hide_nothing(text: str) -> None:
    assert unseen.shows(text)
    assert not unseen.hides(text)


@pytest.mark.parametrize(
    "text",
    [
        "Bob\u200b",
        "\u200fBob",
        "Bo\u00adb",
        "Bob\u200d",
        "\u200dBob",
        "Bob\u200c Smith",
        "a\u200d\u200db",
        "a\u2060b",
        "Bob\U000e0067\U000e007f",
        SCOTLAND[:-1],
    ],
)
def test_what_nobody_needs_hides(text: str) -> None:
    assert unseen.hides(text)
