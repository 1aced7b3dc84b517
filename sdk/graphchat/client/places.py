"""The places for sockets to relays where we only send: few, for others choose those relays."""

from collections.abc import Callable
from typing import Final

from graphchat.client.slots import host_of
from graphchat.client.sockets import Entry, Name, now

# Open sockets: in all, and of one profile to one host.
OTHERS: Final = 64
OF_HOST: Final = 4
# Seconds that a socket is kept from those who wait, if it has something to send.
TURN: Final = 30.0


class Places:
    """Who has a place, and who gives way to whom."""

    def __init__(self, is_busy: Callable[[Name, Entry], bool]) -> None:
        """``is_busy`` tells whether there is something to send by a socket."""
        self._is_busy: Final = is_busy
        self._taken: dict[Name, Entry] = {}

    def __contains__(self, name: Name) -> bool:
        return name in self._taken

    def take(self, name: Name, entry: Entry) -> None:
        self._taken[name] = entry

    def leave(self, name: Name) -> None:
        self._taken.pop(name, None)

    def has_room(self, name: Name) -> bool:
        return len(self._taken) < OTHERS and len(self._neighbours(name)) < OF_HOST

    def rival(self, name: Name) -> tuple[Name, Entry] | None:
        """Return who needs the place that ``name`` wants least; None if all do."""
        found = self._neighbours(name)
        if len(found) < OF_HOST:
            found = list(self._taken.items())
        idle = [each for each in found if not self._is_busy(*each)]
        if idle:
            return min(idle, key=lambda each: (each[1].up, each[1].used))
        # One that cannot connect gives way before one that works.
        busy = [each for each in found if not each[1].up] or found
        had = [each for each in busy if now() - each[1].opened >= TURN]
        return min(had, key=lambda each: each[1].opened, default=None)

    def _neighbours(self, name: Name) -> list[tuple[Name, Entry]]:
        host = _host(name)
        return [each for each in self._taken.items() if _host(each[0]) == host]


def _host(name: Name) -> tuple[int, str]:
    """Return what few sockets share: a host has as many paths as it likes."""
    profile, base, _ = name
    return profile, host_of(base)
