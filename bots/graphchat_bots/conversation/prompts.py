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

YES: Final = content.Option("yes", "Yes")
NO: Final = content.Option("no", "No")
SKIP: Final = "skip"

_THINGS: Final[Mapping[type, str]] = MappingProxyType(
    {content.Image: "a picture", content.File: "a file", content.Location: "a place"}
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
    if kind is bool:
        return confirmation(asked)
    if values := values_of(kind):
        return choice(asked, values)
    return Prompt(asked.name, partial(_plain, asked.text), _accepting(asked, kind))


def confirmation(question: Q) -> Prompt:
    """Return the prompt that asks for yes or no."""

    def words(before: str) -> content.Message:
        text = _join(before, question.text)
        if len(text) > MAX_QUESTION:
            return content.Text(f"{text} (yes/no)")
        return content.Choices(text, (YES, NO), fallback="(yes/no)")

    return Prompt(question.name, words, _accept_truth, _thumb)


def choice(question: Q, values: Mapping[str, object]) -> Prompt:
    """Return the prompt that asks for one of ``values``, which go by their labels."""
    labels = list(values)
    options = tuple(content.Option(str(n), label) for n, label in enumerate(labels, 1))

    def words(before: str) -> content.Message:
        text = _join(before, question.text)
        if len(text) > MAX_QUESTION or len(options) > MAX_OPTIONS:
            return content.Text("\n".join([text, *(f"{o.id}) {o.label}" for o in options)]))
        return content.Choices(text, options)

    def accept(answer: Message) -> object:
        option = chosen(options, answer.content)
        if option is None:
            raise ArgumentError(f"I need {_one_of(labels)}.")
        return values[option.label]

    return Prompt(question.name, words, accept, partial(reacted, options))


def optional(question: Q, kind: object, default: object) -> Prompt:
    """Return the prompt that asks for a value, or takes "skip" for ``default``."""
    inner = prompt(replace(question, text=f"{question.text} (or {SKIP})", id=question.name), kind)

    def accept(answer: Message) -> object:
        return default if answer.text.strip().casefold() == SKIP else inner.accept(answer)

    return replace(inner, accept=accept)


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
        raise ArgumentError(f"I need {_THINGS[kind]}.")
    return answer.content


def _accept_words(question: Q, kind: type, found: Converter, answer: Message) -> object:
    word = answer.text.strip()
    try:
        value = found.parse(word) if word else None
    except ValueError:
        value = None
    if value is None or not question.allows(value):
        raise ArgumentError(f"I need {question.wanted(kind, found)}.")
    return value


def _accept_truth(answer: Message) -> object:
    if (option := chosen((YES, NO), answer.content)) is not None:
        return option is YES
    try:
        return truth(answer.text.strip())
    except ValueError:
        raise ArgumentError("I need yes or no.") from None


def _thumb(emoji: str) -> content.Option | None:
    thumbs = {"👍": YES, "👎": NO}
    return thumbs.get(emoji) or reacted((YES, NO), emoji)


def _plain(question: str, before: str) -> content.Message:
    return content.Text(_join(before, question))


def _join(before: str, question: str) -> str:
    return f"{before} {question}" if before else question


def _one_of(labels: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(labels[:-1]), labels[-1]]))
