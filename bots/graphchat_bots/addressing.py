"""Whom a message in a group is meant for: one bot among several, or nobody in particular."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

# The name of a bot has up to 100 characters.
_COMMAND: Final = re.compile(r"/([A-Za-z][A-Za-z0-9_-]{0,63})(?:@([^\s@]{1,100}))?(?:\s+|$)")


@dataclass(frozen=True, slots=True)
class Called:
    """A command as somebody typed it."""

    name: str
    """In lower case."""
    bot: str
    """The handle of the bot that is meant; empty for every bot."""
    text: str
    """What follows."""


def called(text: str) -> Called | None:
    """Return the command that ``text`` begins with, such as ``/help@shop orders``."""
    found = _COMMAND.match(text)
    if found is None:
        return None
    return Called(found[1].lower(), handle(found[2] or ""), text[found.end() :])


def handle(name: str) -> str:
    """Return how a bot is called behind an ``@``: its name without spaces, in lower case."""
    return "".join(name.split()).casefold()


def mentions(text: str, name: str) -> bool:
    """Say whether ``text`` names a bot: ``@Shop Bot``, ``@shopbot`` or ``/help@shopbot``."""
    if not name or "@" not in text:
        return False
    command = called(text)
    if command is not None and command.bot == handle(name):
        return True
    return _mention(name).search(text) is not None


@lru_cache(maxsize=64)
def _mention(name: str) -> re.Pattern[str]:
    names = "|".join(re.escape(each) for each in (name, handle(name)))
    return re.compile(rf"(?<![\w@])@(?:{names})(?!\w)", re.IGNORECASE)
