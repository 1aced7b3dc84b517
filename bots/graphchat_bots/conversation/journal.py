"""The journal of one conversation: answers what was asked before, and keeps what is new."""

from collections.abc import Sequence
from typing import TypeVar

from graphchat.errors import LocalProtocolError
from graphchat_bots.conversation.record import MAX_ENTRIES, Answered, Entry, TimedOut, pack

A = TypeVar("A", bound=Entry)
B = TypeVar("B", bound=Entry)


class DivergedError(Exception):
    """The handler asks or does something else than what its journal holds."""


class Journal:
    """Entries in the order in which the handler asks for them.

    With ``by_name`` the order does not matter: an entry answers whatever has its name, what
    has none is asked anew, and what nobody asks for is kept for later.
    """

    def __init__(self, entries: Sequence[Entry], *, by_name: bool = False) -> None:
        self._old = list(entries)
        self._taken: list[Entry] = []
        self._stored = len(entries)
        self.by_name = by_name
        self._is_amended = False

    @property
    def replaying(self) -> bool:
        """Whether something is left that was on record before."""
        return bool(self._old)

    @property
    def size(self) -> int:
        return len(self._taken) + len(self._old)

    @property
    def last(self) -> Entry | None:
        """The entry that was taken or added last."""
        return self._taken[-1] if self._taken else None

    def next(self, kinds: tuple[type[A], type[B]], name: str) -> A | B | None:
        """Take the entry that answers ``name``; nothing if it is not on record yet.

        Raises `DivergedError` if something else is.
        """
        for index, entry in enumerate(self._old):
            if isinstance(entry, kinds) and entry.name == name:
                del self._old[index]
                self._taken.append(entry)
                return entry
            if not self.by_name:
                raise DivergedError
        return None

    def knows(self, name: str) -> bool:
        """Say whether a question of this name need not be asked: only if it is by name."""
        return self.by_name and any(
            isinstance(entry, Answered | TimedOut) and entry.name == name for entry in self._old
        )

    def add(self, entry: Entry) -> None:
        """Put ``entry`` on record. Raises `LocalProtocolError` if there are 1,000 already."""
        if self.size >= MAX_ENTRIES:
            raise LocalProtocolError("A conversation asks and does more than 1,000 things.")
        self._taken.append(entry)

    def amend(self, entry: Entry) -> None:
        """Let ``entry`` stand for the one that was taken last."""
        self._taken[-1] = entry
        self._is_amended = True

    @property
    def is_rewritten(self) -> bool:
        """Whether what `unstored` returns replaces what is stored."""
        return self.by_name or self._is_amended

    def unstored(self) -> tuple[tuple[int, bytes], ...]:
        """Return what has to be written, with its numbers. See `is_rewritten`."""
        if self.is_rewritten:
            return tuple((n, pack(e)) for n, e in enumerate([*self._taken, *self._old]))
        new = self._taken[self._stored :]
        return tuple((n, pack(entry)) for n, entry in enumerate(new, self._stored))

    def are_stored(self) -> None:
        """Note that what `unstored` has returned is on disk, or will be before it counts."""
        self._stored = self.size
        self._is_amended = False
