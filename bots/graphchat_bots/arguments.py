"""From the words after a command to the values of its parameters."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from graphchat_bots.convert import Converter
from graphchat_bots.errors import ArgumentError

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
            raise ArgumentError(f"Something is missing: {_wish(argument)}")
    if rest:
        raise ArgumentError(f"That is too much: I do not know what to do with {_quote(rest)}.")
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
        raise ArgumentError(f"{_quote(word)} does not fit: {_wish(argument)}") from None


def _wish(argument: Argument) -> str:
    return f"{argument.label()} must be {argument.converter.wanted}."


def _quote(text: str) -> str:
    short = " ".join(text.split())
    return f"“{short if len(short) <= MAX_QUOTED else short[:MAX_QUOTED] + '…'}”"
