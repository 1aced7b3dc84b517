"""Questions that wait: how they read, and which answers they take."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from types import MappingProxyType
from typing import Any, Final, Literal, get_args, get_origin

from graphchat import content
from graphchat.content.asking import MAX_OPTIONS, MAX_QUESTION
from graphchat_bots.choosing import chosen, reacted
from graphchat_bots.conversation.question import Q
from graphchat_bots.convert import Converter, Rest, converter, truth
from graphchat_bots.errors import ArgumentError
from graphchat_bots.message import Message
from graphchat_bots.speech import gettext, marked, of_bot, one_of

YES: Final = content.Option("yes", marked("Yes"))
NO: Final = content.Option("no", marked("No"))
SKIP: Final = marked("skip")

_THINGS: Final[Mapping[type, str]] = MappingProxyType(
    {
        # Translators: these complete "I need ...".
        content.Image: marked("a picture"),
        content.File: marked("a file"),
        content.Location: marked("a place"),
    }
)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question that waits for its answer."""

    name: str
    """What its answer is kept under."""
    words: Callable[[str], content.Message]
    """Return the message that asks, after a sentence about the last answer, or after none."""
    accept: Callable[[Message], object]
    """Return the value of an answer, or raise `ArgumentError` that says what is wanted."""
    reacted: Callable[[str], content.Option | None] = lambda _emoji: None
    """Return the option that an emoji to the question means."""


def prompt(question: str | Q, kind: object = str) -> Prompt:
    """Return the prompt that asks for a value of type ``kind``.

    Raises `TypeError` if nothing that people say can become one, `ContentError` if a value of
    a `Literal` or an `Enum` is no line of at most 200 characters.
    """
    asked = Q(question) if isinstance(question, str) else question
    return _prompt(asked, kind)


def confirmation(question: Q, *, hint: str = "") -> Prompt:
    """Return the prompt that asks for yes or no."""

    def words(before: str) -> content.Message:
        text = _said(before, question, hint)
        fallback = gettext("(yes/no)")
        if len(text) > MAX_QUESTION:
            return content.Text(f"{text} {fallback}")
        return content.Choices(text, _yes_and_no(), fallback=fallback)

    return Prompt(question.name, words, _accept_truth, _thumb)


def choice(question: Q, values: Mapping[str, object], *, hint: str = "") -> Prompt:
    """Return the prompt that asks for one of ``values``, which go by their labels.

    The labels are translated, and what somebody says is understood in both languages.
    """
    original = _options(list(values))
    found = dict(zip((option.id for option in original), values.values(), strict=True))

    def words(before: str) -> content.Message:
        text = _said(before, question, hint)
        options = _options([of_bot(label) for label in values])
        if len(text) > MAX_QUESTION or len(options) > MAX_OPTIONS:
            return content.Text("\n".join([text, *(f"{o.id}) {o.label}" for o in options)]))
        return content.Choices(text, options)

    def accept(answer: Message) -> object:
        labels = [of_bot(label) for label in values]
        option = chosen(_options(labels), answer.content) or chosen(original, answer.content)
        if option is None:
            raise ArgumentError(gettext("I need {wanted}.").format(wanted=one_of(labels)))
        return found[option.id]

    def react(emoji: str) -> content.Option | None:
        return reacted(_options([of_bot(label) for label in values]), emoji)

    return Prompt(question.name, words, accept, react)


def optional(question: Q, kind: object, default: object) -> Prompt:
    """Return the prompt that asks for a value, or takes "skip" for ``default``."""
    inner = _prompt(question, kind, hint=marked("(or skip)"))

    def accept(answer: Message) -> object:
        word = answer.text.strip().casefold()
        return default if word in {SKIP, gettext(SKIP)} else inner.accept(answer)

    return replace(inner, accept=accept)


def _prompt(asked: Q, kind: object, *, hint: str = "") -> Prompt:
    if kind is bool:
        return confirmation(asked, hint=hint)
    if values := values_of(kind):
        return choice(asked, values, hint=hint)

    def words(before: str) -> content.Message:
        return content.Text(_said(before, asked, hint))

    return Prompt(asked.name, words, _accepting(asked, kind))


def values_of(kind: object) -> Mapping[str, object]:
    """Return the values of a `Literal` or an `Enum` by their labels; of others nothing."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {member.name: member for member in kind}
    if get_origin(kind) is Literal:
        return {str(value): value for value in get_args(kind)}
    return {}


def _accepting(question: Q, kind: Any) -> Callable[[Message], object]:
    if kind is Message:
        return lambda answer: answer
    if kind in _THINGS:
        return partial(_accept_thing, kind)
    found = converter(Rest if kind is str else kind)
    if found is None:
        raise TypeError(f"nothing that people say becomes {kind}")
    return partial(_accept_words, question, kind, found)


def _accept_thing(kind: type[content.Message], answer: Message) -> content.Message:
    if not isinstance(answer.content, kind):
        raise ArgumentError(gettext("I need {wanted}.").format(wanted=gettext(_THINGS[kind])))
    return answer.content


def _accept_words(question: Q, kind: type, found: Converter, answer: Message) -> object:
    word = answer.text.strip()
    try:
        value = found.parse(word) if word else None
    except ValueError:
        value = None
    if value is None or not question.allows(value):
        wanted = question.wanted(kind, found)
        raise ArgumentError(gettext("I need {wanted}.").format(wanted=wanted))
    return value


def _accept_truth(answer: Message) -> object:
    for options in (_yes_and_no(), (YES, NO)):
        if (option := chosen(options, answer.content)) is not None:
            return option.id == YES.id
    try:
        return truth(answer.text.strip())
    except ValueError:
        wanted = gettext("yes or no")
        raise ArgumentError(gettext("I need {wanted}.").format(wanted=wanted)) from None


def _thumb(emoji: str) -> content.Option | None:
    thumbs = {"👍": YES, "👎": NO}
    return thumbs.get(emoji) or reacted((YES, NO), emoji)


def _options(labels: Sequence[str]) -> tuple[content.Option, ...]:
    return tuple(content.Option(str(n), label) for n, label in enumerate(labels, 1))


def _yes_and_no() -> tuple[content.Option, ...]:
    return tuple(content.Option(each.id, gettext(each.label)) for each in (YES, NO))


def _said(before: str, question: Q, hint: str) -> str:
    """Return the question in the language that is spoken, with what stands round it."""
    return " ".join(filter(None, [before, of_bot(question.text), gettext(hint)]))
