"""Choices where there are no buttons: how they read, and what somebody meant who typed."""

import re
from collections.abc import Sequence
from typing import Final

from graphchat.content import Choice, Choices, Message, Option
from graphchat.content.words import text_of

# "2", "2)", "2.", "(2)" and "#2".
_NUMBER: Final = re.compile(r"[(#]?(\d{1,3})[).:]?", re.ASCII)

# U+FE0F asks for a picture of the sign before it: whether it is there depends on the keyboard.
_VARIANT: Final = "\ufe0f"
_KEY: Final = "\u20e3"
_TEN: Final = "\U0001f51f"
TEN: Final = 10


def in_words(choices: Choices) -> str:
    """Return the question and what can be answered, as one text."""
    numbered = " ".join(
        f"{number}) {option.label}" for number, option in enumerate(choices.options, 1)
    )
    return f"{choices.question} {choices.fallback or numbered}"


def chosen(options: Sequence[Option], answer: Message) -> Option | None:
    """Return the option that ``answer`` means: a button, a label, an id, or a number from 1.

    Labels come first: if they are numbers themselves, what is typed is a label.
    """
    if isinstance(answer, Choice):
        return next((option for option in options if option.id == answer.option), None)
    word = _folded(text_of(answer))
    named = {_folded(option.id): option for option in reversed(options)}
    named |= {_folded(option.label): option for option in reversed(options)}
    if word in named:
        return named[word]
    found = _NUMBER.fullmatch(word)
    number = int(found[1]) if found else 0
    return options[number - 1] if 1 <= number <= len(options) else None


def reacted(options: Sequence[Option], emoji: str) -> Option | None:
    """Return the option that ``emoji`` means: its number on a key, or one that is in its label."""
    plain = emoji.replace(_VARIANT, "")
    if not plain:
        return None
    for number, option in enumerate(options, 1):
        if plain == (_TEN if number == TEN else f"{number}{_KEY}"):
            return option
    found = [option for option in options if plain in option.label.replace(_VARIANT, "")]
    return found[0] if len(found) == 1 else None


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
