"""From the words after a command to the values of its parameters."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from graphchat_bots.convert import Converter
from graphchat_bots.errors import ArgumentError
from graphchat_bots.speech import gettext

MAX_QUOTED: Final = 40
# A word, or several in straight or curly quotation marks.
_WORD: Final = re.compile(r'\s*(?:"([^"]*)"(?!\S)|“([^”]*)”(?!\S)|(\S+))')


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter of a command that people fill in."""

    name: str
    converter: Converter
    required: bool
    default: object = None

    def usage(self) -> str:
        """Say how it stands in the usage. Capitals, for CommonMark would swallow ``<name>``."""
        label = self.label()
        return label if self.required else f"[{label}]"

    def label(self) -> str:
        return self.name.upper().strip("_")


def parse(arguments: Sequence[Argument], text: str) -> dict[str, object]:
    """Return the value of each argument: what ``text`` gives, else its default.

    Raises `ArgumentError` that says in words what is missing, wrong or too much.
    """
    values: dict[str, object] = {}
    rest = text.strip()
    for argument in arguments:
        word, rest = (rest or None, "") if argument.converter.rest else _next_word(rest)
        if word is not None:
            values[argument.name] = _convert(argument, word)
        elif not argument.required:
            values[argument.name] = argument.default
        else:
            raise ArgumentError(
                gettext("Something is missing: {wish}").format(wish=wish(argument))
            )
    if rest:
        raise ArgumentError(
            gettext("That is too much: I do not know what to do with {words}.").format(
                words=_quote(rest)
            )
        )
    return values


def _next_word(text: str) -> tuple[str | None, str]:
    found = _WORD.match(text)
    if found is None:
        return None, ""
    word = next(group for group in found.groups() if group is not None)
    return word, text[found.end() :].strip()


def _convert(argument: Argument, word: str) -> object:
    try:
        return argument.converter.parse(word)
    except ValueError:
        raise ArgumentError(
            gettext("{word} does not fit: {wish}").format(word=_quote(word), wish=wish(argument))
        ) from None


def wish(argument: Argument) -> str:
    """Say what an argument must be."""
    return gettext("{name} must be {wanted}.").format(
        name=argument.label(), wanted=argument.converter.in_words()
    )


def _quote(text: str) -> str:
    short = " ".join(text.split())
    # Translators: the quotation marks of the language.
    return gettext("“{text}”").format(
        text=short if len(short) <= MAX_QUOTED else short[:MAX_QUOTED] + "…"
    )
