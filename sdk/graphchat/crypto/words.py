"""The 4,096 words in which people compare numbers of 12 bits.

A word is onset, vowel, middle and ending: 16 * 4 * 16 * 4 of them. The vowels show where a part
ends, so no two numbers have one word.
"""

from typing import Final

ONSETS: Final = (
    *("b", "br", "d", "dr", "fl", "fr", "g", "gl"),
    *("gr", "k", "l", "m", "pl", "s", "st", "v"),
)
VOWELS: Final = ("a", "e", "i", "o")
MIDDLES: Final = (
    *("b", "d", "f", "g", "j", "k", "l", "m"),
    *("n", "nd", "p", "r", "s", "t", "v", "w"),
)
ENDINGS: Final = ("an", "el", "in", "or")


def word(number: int) -> str:
    """Return the word of ``number``, of which the lowest 12 bits count."""
    return (
        ONSETS[number >> 8 & 15]
        + VOWELS[number >> 6 & 3]
        + MIDDLES[number >> 2 & 15]
        + ENDINGS[number & 3]
    )
