"""Characters of which nothing is to be seen, wherever they hide in Unicode."""

import re
from typing import Final
from unicodedata import category, combining

# Letters and symbols by their category, blanks by their look: fillers of Hangul, empty Braille.
_BLANKS: Final = "\u3164\uffa0\u2800"
# What Unicode calls ignorable by default, but for those of the category Cf.
_IGNORED: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\ufe00-\ufe0f\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)
_JOINERS: Final = "\u200c\u200d"
# A flag of a part of a country: a black flag, and its code in letters that cannot be seen.
_FLAG: Final = re.compile("\U0001f3f4[\U000e0061-\U000e007a]{2,6}\U000e007f")
# The combining class of the sign that takes the vowel from an Indic letter.
_VIRAMA: Final = 9


def is_blank(char: str) -> bool:
    """Tell whether ``char`` takes room and shows nothing."""
    return char in _BLANKS or category(char)[0] == "Z"


def is_unseen(char: str) -> bool:
    """Tell whether ``char`` takes no room, or only changes how others look."""
    return category(char) == "Cf" or _IGNORED.match(char) is not None


def shows(text: str) -> bool:
    """Tell whether there is anything to see in ``text``."""
    return any(
        not (is_blank(char) or is_unseen(char) or category(char)[0] == "M") for char in text
    )


def hides(text: str) -> bool:
    """Tell whether ``text`` has characters of the category Cf that nothing visible needs.

    Emoji and Indic and Persian words need joiners, inside of a word or after a virama; flags
    need tags.
    """
    text = _FLAG.sub("\U0001f3f4", text)
    return any(
        category(char) == "Cf" and not (char in _JOINERS and _joins(text, at))
        for at, char in enumerate(text)
    )


def _joins(text: str, at: int) -> bool:
    before, after = text[:at][-1:], text[at + 1 :][:1]
    if before and combining(before) == _VIRAMA:
        return True
    return _can_be_joined(before) and _can_be_joined(after)


def _can_be_joined(char: str) -> bool:
    return char != "" and category(char)[0] in "LMS" and not is_blank(char)
