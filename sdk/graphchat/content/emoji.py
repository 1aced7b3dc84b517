"""What is one emoji: the regular expression of Unicode's technical standard 51, section 1.4.9."""

import re
from typing import Final

# Emoji of all Unicode versions are in these blocks; Python's tables know only older ones.
_BASE: Final = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf"
    "\u2934\u2935\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff]"
)
_FLAG: Final = "[\U0001f1e6-\U0001f1ff]{2}"
_KEY: Final = "[0-9#*]\ufe0f?\u20e3"
_MORE: Final = "(?:[\U0001f3fb-\U0001f3ff]|\ufe0f\u20e3?|[\U000e0020-\U000e007e]{1,8}\U000e007f)?"
_ELEMENT: Final = f"(?:{_FLAG}|{_BASE}{_MORE})"
# The longest that people use join four persons and their skin.
_EMOJI: Final = re.compile(f"{_KEY}|{_ELEMENT}(?:\u200d{_ELEMENT}){{0,7}}")


def is_emoji(text: str) -> bool:
    """Tell whether ``text`` is one emoji, as far as its form tells."""
    return _EMOJI.fullmatch(text) is not None
