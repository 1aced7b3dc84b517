"""The names of the contacts of one profile: no two of them look the same."""

from collections import Counter
from itertools import count
from typing import Final

from graphchat.content import lookalike


class Names:
    """What is taken. A name is free if it looks like none that is (`lookalike.keys`)."""

    def __init__(self) -> None:
        # Counted: a table that grows may make two stored names alike that were not before.
        self._keys: Final[Counter[str]] = Counter()
        # Where to go on counting, until a name is given back: thousands may ask with one name.
        self._numbers: Final[dict[frozenset[str], int]] = {}

    def add(self, name: str) -> None:
        self._keys.update(lookalike.keys(name))

    def discard(self, name: str) -> None:
        """Let another contact have ``name``."""
        for key in lookalike.keys(name):
            self._keys[key] -= 1
            if self._keys[key] <= 0:
                del self._keys[key]
        self._numbers.clear()

    def is_free(self, name: str) -> bool:
        return self._keys.keys().isdisjoint(lookalike.keys(name))

    def free(self, wanted: str) -> str:
        """Return ``wanted``, or it with a number that makes it unlike all others."""
        if self.is_free(wanted):
            return wanted
        keys = lookalike.keys(wanted)
        for number in count(self._numbers.get(keys, 2)):
            if self.is_free(name := f"{wanted} {number}"):
                self._numbers[keys] = number
                return name
        raise AssertionError("numbers end")
