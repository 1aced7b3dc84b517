import pytest

from graphchat.content.emoji import is_emoji


@pytest.mark.parametrize(
    "text",
    [
        *("👍", "❤️", "❤", "☺️", "‼️", "™", "↔️", "〰️", "㊗️", "🅰️", "🀄", "⌚", "⭐"),
        *("👍🏽", "👩🏽‍🚀", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "1️⃣", "#️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"),
        *("\U0001fae8", "\U0001fa70", "🧑🏻‍❤️‍💋‍🧑🏿"),
    ],
)
def test_an_emoji_is_one(text: str) -> None:
    assert is_emoji(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "a",
            "1",
            "#",
            "ok",
            "👍👍",
            "👍 ",
            "👍\n",
            "\n👍",
            "\u200d",
            "\ufe0f",
            "\u202e",
        ),
        *("👍\u200d", "\u200d👍", "\U0001f1e9", "🇩🇪🇫🇷", "e\u0301", "👍\x1b[2J", "\u20e3", "🏽"),
        "\u200d".join("👍" * 9),
        "🏴" + "\U000e0067" * 9 + "\U000e007f",
    ],
)
def test_what_is_no_emoji_is_none(text: str) -> None:
    assert not is_emoji(text)
