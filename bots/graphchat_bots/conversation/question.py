"""What is asked, and what an answer must be besides its type."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from graphchat_bots.convert import Converter
from graphchat_bots.speech import gettext, marked

_PLAIN: Final[Mapping[type, str]] = MappingProxyType(
    {int: marked("a whole number"), float: marked("a number")}
)


@dataclass(frozen=True, slots=True)
class Q:
    """A question with limits for its answer."""

    text: str
    """CommonMark."""
    ge: float | None = None
    """The least number."""
    le: float | None = None
    """The greatest number."""
    min_length: int | None = None
    """The fewest characters."""
    max_length: int | None = None
    """The most characters."""
    id: str | None = None
    """What its answer is kept under; by default it follows from the text. With one of its own
    the text may be changed while somebody is being asked."""

    @property
    def name(self) -> str:
        return self.id or sha256(self.text.encode()).hexdigest()[:12]

    def allows(self, value: object) -> bool:
        """Say whether ``value`` keeps the limits; those that mean nothing for it do not count."""
        match value:
            case bool():
                return True
            case int() | float():
                return _within(value, self.ge, self.le)
            case str():
                return _within(len(value), self.min_length, self.max_length)
            case _:
                return True

    def wanted(self, kind: type, found: Converter) -> str:
        """Say what is wanted: "a whole number from 1 to 9"."""
        if kind in _PLAIN:
            limits = _range(self.ge, self.le)
            return f"{gettext(_PLAIN[kind])} {limits}" if limits else found.in_words()
        if kind is str:
            limits = _range(self.min_length, self.max_length)
            if not limits:
                return found.in_words()
            # Translators: for example "some text, of at most 5 characters".
            text = gettext("{wanted}, {limits} characters")
            return text.format(wanted=found.in_words(), limits=limits)
        return found.in_words()


def _within(value: float, least: float | None, most: float | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)


def _range(least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return gettext("from {least} to {most}").format(least=f"{least:g}", most=f"{most:g}")
    if least is not None:
        return gettext("of at least {least}").format(least=f"{least:g}")
    if most is not None:
        return gettext("of at most {most}").format(most=f"{most:g}")
    return ""
