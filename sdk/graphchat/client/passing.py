"""Events that are never stored: they are told once, to whoever listens, or not at all."""

from dataclasses import dataclass, field
from typing import Final

FIRST: Final = 2**62
"""Ids from here on belong to no row."""
# Places that are remembered: of how many events somebody may ask what came after.
MOST: Final = 64


@dataclass(slots=True)
class Passing:
    """Connections of which something is to be told, by profile; each once."""

    _waiting: dict[int, dict[int, int]] = field(default_factory=dict[int, dict[int, int]])
    """By profile: the id of the event by connection."""
    _places: dict[int, int] = field(default_factory=dict[int, int])
    """By id: the last row that had been told before."""
    _next: int = FIRST

    def add(self, profile: int, connection: int) -> None:
        """Have something told; what waits for the same connection is replaced."""
        self._waiting.setdefault(profile, {})[connection] = self._next
        self._next += 1

    def waits(self, profile: int) -> bool:
        return bool(self._waiting.get(profile))

    def take(self, profile: int, after: int) -> list[tuple[int, int]]:
        """Return ids and connections, and forget them; rows up to ``after`` were told before."""
        found = self._waiting.pop(profile, {})
        for name in found.values():
            self._places[name] = after
        while len(self._places) > MOST:
            del self._places[next(iter(self._places))]
        return [(name, connection) for connection, name in found.items()]

    def row(self, after: int) -> int:
        """Return the row after which an event with the id ``after`` was told."""
        return after if after < FIRST else self._places.get(after, 0)
