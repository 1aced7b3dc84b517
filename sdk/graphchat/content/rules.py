"""The limits that texts keep, checked when a value is made: what exists can be sent and shown."""

from typing import Final
from unicodedata import category

from graphchat.content import unseen
from graphchat.errors import ContentError

MAX_INTEGER: Final = 2**63 - 1
"""The largest number that databases and other languages hold exactly."""

MESSAGE_ID: Final = 16
"""Bytes of the id of a message."""
MAX_QUOTE: Final = 200
"""Characters of a message that its reply repeats, for whoever does not have it."""

# They turn the text after them round, also outside the field: "exe.txt" for "txt.exe".
_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Cc: control, such as ESC; Zl and Zp: line and paragraph; Cs: halves of a character.
_BREAKING: Final = frozenset({"Cc", "Zl", "Zp", "Cs"})


def prose(what: str, text: str, most: int) -> None:
    """Allow any Unicode text of up to ``most`` characters, with line breaks.

    Raises `ContentError` if it is longer, or cannot be written as UTF-8.
    """
    if len(text) > most:
        raise ContentError(f"The {what} has {len(text):,} characters; {most:,} fit. Shorten it.")
    if not _is_unicode(text):
        raise ContentError(f"The {what} is not valid Unicode text. Type it again.")


def line(what: str, text: str, most: int) -> None:
    """Allow one line that cannot disturb what stands round it.

    Raises `ContentError` as `prose`, and if it holds line breaks, control characters, or
    characters that change the direction of the text after them.
    """
    prose(what, text, most)
    if any(char in _TURNING or category(char) in _BREAKING for char in text):
        raise ContentError(
            f"The {what} holds line breaks or invisible control characters. Remove them."
        )


def name(what: str, text: str, most: int) -> None:
    """Allow a `line` in which there is something to see, and nothing that hides.

    Raises `ContentError` as `line`, if nothing of it is visible, and for characters of the
    category Cf, but for joiners within words and emoji.
    """
    line(what, text, most)
    if not unseen.shows(text):
        raise ContentError(f"The {what} is empty, or nothing of it can be seen. Give one.")
    if unseen.hides(text):
        raise ContentError(f"The {what} holds characters that cannot be seen. Type it again.")


def size(what: str, data: bytes, least: int, most: int) -> None:
    """Allow ``least`` to ``most`` bytes.

    Raises `ContentError` if it has fewer or more.
    """
    if not least <= len(data) <= most:
        wanted = f"exactly {most:,}" if least == most else f"from {least:,} to {most:,}"
        raise ContentError(f"The {what} has {len(data):,} bytes; it must have {wanted}.")


def shown(what: str, text: str, most: int) -> None:
    """Allow `prose` in which there is something to see.

    Raises `ContentError` as `prose`, and if nothing of it is visible.
    """
    prose(what, text, most)
    if not unseen.shows("".join(text.split())):
        raise ContentError(f"The {what} is empty, or nothing of it can be seen. Give one.")


def message_id(what: str, data: bytes) -> None:
    """Allow the id of a message: 16 bytes. Raises `ContentError`."""
    size(what, data, MESSAGE_ID, MESSAGE_ID)


def reply(reply_to: bytes, quote: str) -> None:
    """Allow what a message says of the one that it answers: nothing, or its id and a quote.

    Raises `ContentError` if the id has another length, the quote is longer than 200
    characters, or quotes nothing.
    """
    if reply_to:
        message_id("id of the message that this replies to", reply_to)
    elif quote:
        raise ContentError("A quote belongs to the message that it is from. Name that too.")
    prose("quote", quote, MAX_QUOTE)


def number(what: str, value: float, least: float, most: float = MAX_INTEGER) -> None:
    """Allow ``least`` to ``most``.

    Raises `ContentError` if it is less or more.
    """
    if not least <= value <= most:
        raise ContentError(f"The {what} is {value:,}; it must be from {least:,} to {most:,}.")


def _is_unicode(text: str) -> bool:
    # Halves of a character (surrogates) come from broken file names and broken programs.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
