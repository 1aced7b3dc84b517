"""How words that people type become values, and how a command says what it wants.

Texts here are read in chats: they say what would be right, with an example.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum
from functools import partial
from math import isfinite
from types import MappingProxyType, NoneType, UnionType
from typing import Final, Literal, NewType, Union, get_args, get_origin

from graphchat_bots.speech import gettext, marked, one_of

Rest = NewType("Rest", str)
"""The annotation of a last parameter that takes all that is left, spaces included."""

# What SQLite, MessagePack and other languages hold exactly.
MAX_INTEGER: Final = 2**63 - 1
MAX_SPAN: Final = timedelta(days=3660)

_YES: Final = frozenset({"yes", "y", "true", "on", "1"})
_NO: Final = frozenset({"no", "n", "false", "off", "0"})
# Translators: words that mean yes, with spaces between them; the English ones are always taken.
_MORE_YES: Final = marked("yes y")
# Translators: words that mean no, with spaces between them.
_MORE_NO: Final = marked("no n")
_SPAN: Final = re.compile(r"(\d{1,8}(?:\.\d{1,6})?)\s?([smhdw])", re.ASCII)
_SPAN_UNITS: Final = MappingProxyType(
    {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
)


@dataclass(frozen=True, slots=True)
class Converter:
    """One kind of argument."""

    wanted: str
    """For example "a whole number": completes "I need ..."."""
    parse: Callable[[str], object]
    """Return the value, or raise `ValueError`."""
    optional: bool = False
    """Whether ``None`` is a value of its own: the argument may be left out."""
    rest: bool = False
    """Whether it takes all words that are left."""
    labels: tuple[str, ...] = ()
    """What there is to choose from, if it is a choice."""

    def in_words(self) -> str:
        """Return ``wanted`` in the language that is spoken."""
        return one_of(self.labels) if self.labels else gettext(self.wanted)


def converter(annotation: object) -> Converter | None:
    """Return the converter for an annotation, or nothing if words cannot become such a value."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _choice({member.name: member for member in annotation})
    if get_origin(annotation) is Literal:
        return _choice({str(value): value for value in get_args(annotation)})
    if get_origin(annotation) in {Union, UnionType}:
        return _optional(get_args(annotation))
    return _SIMPLE.get(annotation) if _is_hashable(annotation) else None


def _is_hashable(annotation: object) -> bool:
    return type(annotation).__hash__ is not None


def _optional(members: tuple[object, ...]) -> Converter | None:
    inner = [member for member in members if member is not NoneType]
    if len(inner) != 1 or len(inner) == len(members):
        return None
    found = converter(inner[0])
    return found and replace(found, optional=True)


def _choice(values: Mapping[str, object]) -> Converter | None:
    folded = {name.casefold(): value for name, value in values.items()}
    if not folded or len(folded) < len(values):
        return None
    labels = tuple(values)
    return Converter(one_of(labels), partial(_pick, folded), labels=labels)


def _pick(values: Mapping[str, object], word: str) -> object:
    try:
        return values[word.casefold()]
    except KeyError:
        raise ValueError(word) from None


def _integer(word: str) -> int:
    value = int(word)
    if abs(value) > MAX_INTEGER:
        raise ValueError(word)
    return value


def _number(word: str) -> float:
    value = float(word)
    if not isfinite(value):
        raise ValueError(word)
    return value


def truth(word: str) -> bool:
    """Return what "yes" or "no" and their like say; raise `ValueError` for anything else."""
    folded = word.casefold()
    if folded in _YES or folded in gettext(_MORE_YES).split():
        return True
    if folded in _NO or folded in gettext(_MORE_NO).split():
        return False
    raise ValueError(word)


def parse_span(word: str) -> timedelta:
    """Return the time that "5m", "1h30m" or "2d" says; raise `ValueError` if it says none.

    At most ten years.
    """
    text = word.casefold()
    parts = _SPAN.findall(text)
    if not parts or _SPAN.sub("", text).strip():
        raise ValueError(word)
    total = timedelta()
    for number, unit in parts:
        span = timedelta(**{_SPAN_UNITS[unit]: float(number)})
        if span > MAX_SPAN - total:
            raise ValueError(word)
        total += span
    return total


_SIMPLE: Final[Mapping[object, Converter]] = MappingProxyType(
    {
        str: Converter(marked("a word"), str),
        Rest: Converter(marked("some text"), str, rest=True),
        int: Converter(marked("a whole number, for example 3"), _integer),
        float: Converter(marked("a number, for example 2.5"), _number),
        bool: Converter(marked("yes or no"), truth),
        timedelta: Converter(marked("a time, for example 5m or 1h30m"), parse_span),
        date: Converter(marked("a date, for example 2030-12-31"), date.fromisoformat),
    }
)
