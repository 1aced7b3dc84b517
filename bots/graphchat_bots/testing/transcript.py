"""What one side has said in a test, as it is now that it may have been edited or deleted."""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from msgspec import structs

from graphchat.content import Amending, Choices, Delete, Edit, Image, Message, Text
from graphchat_bots.choosing import in_words
from graphchat_bots.testing.network import Heard

Said = str | Message
"""A text as a string, choices as they read without buttons, anything else as it is.

A text that quotes another message stays a `Text`, so that a test can see that.
"""

MAX_REMEMBERED: Final = 1_000


def read(message: Message) -> Said:
    """Return a message as tests compare it."""
    match message:
        case Text(text=text, reply_to=b""):
            return text
        case Choices():
            return in_words(message)
        case _:
            return message


class Transcript:
    """Messages of one side, and which of them nobody has asked for yet."""

    def __init__(self, who: str) -> None:
        self._who = who
        self._known: deque[Heard] = deque(maxlen=MAX_REMEMBERED)
        self._fresh: list[Heard] = []

    def add(self, heard: Heard) -> None:
        """Add a message, or change those that it is about."""
        message = heard.message
        if isinstance(message, Edit | Delete):
            is_new = message.target not in {each.id for each in self._fresh}
            is_known = message.target in {each.id for each in self._known}
            self._fresh = list(_amended(self._fresh, message))
            self._known = deque(_amended(self._known, message), MAX_REMEMBERED)
            if not is_new or (isinstance(message, Delete) and not is_known):
                return  # deleted before anybody heard it: nobody has missed anything
        self._fresh.append(heard)

    def fresh(self) -> list[Heard]:
        """Return what was added since the last time, without what was taken back meanwhile."""
        fresh, self._fresh = self._fresh, []
        self._known.extend(each for each in fresh if not isinstance(each.message, Amending))
        return fresh

    def newest(self, said: Said) -> Heard:
        """Return the newest message that says ``said``.

        Raises `AssertionError` if there is none.
        """
        for each in (*reversed(self._fresh), *reversed(self._known)):
            if said in (each.message, read(each.message)):
                return each
        raise AssertionError(f"{self._who} has said nothing that is {said!r}")


def _amended(known: Iterable[Heard], message: Edit | Delete) -> Iterable[Heard]:
    for each in known:
        if each.id != message.target:
            yield each
        elif isinstance(message, Edit):
            yield replace(each, message=edited(each.message, message.text))


def edited(message: Message, text: str) -> Message:
    """Return ``message`` with another text or caption. Raises `AssertionError` if it has none."""
    match message:
        case Text():
            return structs.replace(message, text=text)
        case Image():
            return structs.replace(message, caption=text)
        case _:
            raise AssertionError("only texts, and captions of pictures, can be edited")
