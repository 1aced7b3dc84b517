"""The language that is spoken at the moment: texts of the runtime and of the bot in it.

What speaks is deep inside, in converters and questions. So the language is no argument but a
context variable, set for each event, and again for each part of a conversation: a coroutine
that was set aside goes on in the task of another event. For a bot with one language, English,
nothing is ever set, and a text is what stands in the code.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Protocol

ENGLISH: Final = "en"


class Catalogue(Protocol):
    """Texts by their originals, as `gettext` of the standard library has them."""

    def gettext(self, message: str) -> str: ...
    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str: ...


@dataclass(frozen=True, slots=True)
class Language:
    """One language of a bot."""

    locale: str
    runtime: Catalogue
    bot: Catalogue
    siblings: Mapping[str, "Language"]
    """All languages of the bot, by their locales."""


_spoken: Final[ContextVar[Language | None]] = ContextVar("spoken", default=None)


def speak(language: Language) -> None:
    """Speak ``language`` from here on, in this task."""
    _spoken.set(language)


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Speak another language of the same bot for a while; if it has none such, the same."""
    now = _spoken.get()
    if now is None or locale not in now.siblings:
        yield
        return
    token = _spoken.set(now.siblings[locale])
    try:
        yield
    finally:
        _spoken.reset(token)


def locale() -> str:
    """Return the locale that is spoken; empty if the bot has none but English."""
    language = _spoken.get()
    return "" if language is None else language.locale


def marked(text: str) -> str:
    """Return ``text`` as it is: it is translated where it is said."""
    return text


def gettext(text: str) -> str:
    """Return a text of the runtime in the language that is spoken."""
    language = _spoken.get()
    # An empty text stands for the head of a catalogue.
    return text if language is None or not text else language.runtime.gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    """Return a text of the runtime that depends on ``count``."""
    language = _spoken.get()
    if language is None:
        return one if count == 1 else many
    return language.runtime.ngettext(one, many, count)


def of_bot(text: str) -> str:
    """Return a text of the bot's author in the language that is spoken."""
    language = _spoken.get()
    return text if language is None or not text else language.bot.gettext(text)


def of_bot_counted(one: str, many: str, count: int) -> str:
    """Return a text of the bot's author that depends on ``count``."""
    language = _spoken.get()
    if language is None:
        return one if count == 1 else many
    return language.bot.ngettext(one, many, count)


def in_words(error: Exception) -> str:
    """Return what an error says; one that says nothing of its own has the text of its class."""
    text = str(error)
    if text == (type(error).__doc__ or "").partition("\n")[0]:
        return of_bot(gettext(text))
    return text


def one_of(labels: Sequence[str]) -> str:
    """Return "S, M or L"."""
    if len(labels) < 2:
        return "".join(labels)
    # Translators: the last two of what somebody can choose from.
    pair = gettext("{first} or {last}")
    return pair.format(first=", ".join(labels[:-1]), last=labels[-1])
