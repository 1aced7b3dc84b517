"""Questions with answers to choose from: buttons, and polls."""

from typing import Final

from msgspec import Struct

from graphchat.content import rules
from graphchat.errors import ContentError

MAX_QUESTION: Final = 2_000
MAX_OPTIONS: Final = 20
MAX_OPTION: Final = 200
MAX_OPTION_ID: Final = 64
MAX_FALLBACK: Final = 4_000


class Option(Struct, frozen=True):
    """One answer to choose.

    Raises `ContentError` if the id is empty, or a part is too long for one line.
    """

    id: str
    """What the answer says; at most 64 characters, for programs."""
    label: str
    """What the button says; at most 200 characters."""

    def __post_init__(self) -> None:
        rules.number("length of the id of an option", len(self.id), 1)
        rules.line("id of an option", self.id, MAX_OPTION_ID)
        rules.name("label of an option", self.label, MAX_OPTION)


class Choices(Struct, tag_field="type", tag="choices", frozen=True, omit_defaults=True):
    """A question with 1 to 20 buttons.

    Raises `ContentError` if there are fewer or more, two with one id, or a part is too long.
    """

    question: str
    """CommonMark, at most 2,000 characters."""
    options: tuple[Option, ...]
    fallback: str = ""
    """What is shown below the question where there are no buttons; empty: the labels."""
    reply_to: bytes = b""
    quote: str = ""

    def __post_init__(self) -> None:
        rules.reply(self.reply_to, self.quote)
        rules.shown("question", self.question, MAX_QUESTION)
        rules.number("number of options", len(self.options), 1, MAX_OPTIONS)
        rules.prose("text instead of buttons", self.fallback, MAX_FALLBACK)
        if len({option.id for option in self.options}) != len(self.options):
            raise ContentError("Two options have the same id. Rename one of them.")

    def option(self, name: str) -> Option:
        """Return the option with this id, or with this number, from 1.

        Raises `ContentError` if there is none.
        """
        for option in self.options:
            if option.id == name:
                return option
        for number, option in enumerate(self.options, 1):
            if str(number) == name:
                return option
        known = ", ".join(option.id for option in self.options)
        raise ContentError(f"There is no option {name!r}. Options: {known}.")


class Choice(Struct, tag_field="type", tag="choice", frozen=True):
    """A button of `Choices` was pressed.

    Raises `ContentError` if a part has a length that it cannot have.
    """

    target: bytes
    """The id of the message with the buttons, 16 bytes."""
    option: str
    """The id of the option."""
    text: str
    """Its label, for whoever does not have the question any more."""

    def __post_init__(self) -> None:
        rules.message_id("id of the question", self.target)
        rules.number("length of the id of an option", len(self.option), 1)
        rules.line("id of an option", self.option, MAX_OPTION_ID)
        rules.name("label of an option", self.text, MAX_OPTION)


class Poll(Struct, tag_field="type", tag="poll", frozen=True, omit_defaults=True):
    """A question with 2 to 20 answers that are counted.

    Raises `ContentError` if there are fewer or more, two alike, or a part is too long.
    """

    question: str
    """CommonMark, at most 2,000 characters."""
    options: tuple[str, ...]
    """At most 200 characters each. A `Vote` names them by number, from 0."""
    several: bool = False
    """Whether a vote may name more than one."""
    closes_ms: int = 0
    """No vote counts after this, in milliseconds since 1970-01-01 UTC; 0: it stays open."""
    reply_to: bytes = b""
    quote: str = ""

    def __post_init__(self) -> None:
        rules.reply(self.reply_to, self.quote)
        rules.shown("question", self.question, MAX_QUESTION)
        rules.number("number of options", len(self.options), 2, MAX_OPTIONS)
        rules.number("end of the poll", self.closes_ms, 0)
        for option in self.options:
            rules.name("option", option, MAX_OPTION)
        if len(set(self.options)) != len(self.options):
            raise ContentError("Two options of the poll are the same. Change one of them.")


Asked = Choices | Choice | Poll
"""Every message of this module that can be a frame."""
