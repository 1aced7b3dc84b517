"""Finding messages by their words: by the index, or where that knows none, by reading.

The index of FTS5 knows words and their beginnings. Parts of words, and languages that are
written without blanks, are found by reading the texts, newest first, a page at a time: 100,000
messages take a third of a second, and others have their turn at the database in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from graphchat.store import Cursor, Database
from graphchat.store.words import Query

# Texts that are read in one go.
PAGE: Final = 2_000
_END: Final = 2**62


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look: in one conversation, in all of a profile, or in a group."""

    connection: int | None = None
    profile: int | None = None
    group: int | None = None
    """Among the posts of a group; then nowhere else."""


@dataclass(frozen=True, slots=True)
class Search:
    """One search. Positions are ids of messages; they come newest first."""

    database: Database
    scope: Scope
    query: Query

    async def positions(self, before: int | None, limit: int) -> Sequence[int]:
        """Return at most ``limit`` positions below ``before``."""
        if self.query.match is not None:
            found = await self._indexed(before, limit)
            # A later page is empty because the end is reached, not because there is none.
            if found or (before is not None and await self._indexed(None, 1)):
                return found
        return await self._read(_END if before is None else before, limit)

    async def _indexed(self, before: int | None, limit: int) -> list[int]:
        below = _END if before is None else before
        read = partial(_matching, self.query.match or "", self.scope, below, limit)
        return await self.database.read(read)

    async def _read(self, below: int, limit: int) -> list[int]:
        found: list[int] = []
        while len(found) < limit:
            page = await self.database.read(partial(_texts, self.scope, below))
            found += [position for position, text in page if self.query.is_in(text)]
            if len(page) < PAGE:
                break
            below = page[-1][0]
        return found[:limit]


def _matching(match: str, scope: Scope, below: int, limit: int, cursor: Cursor) -> list[int]:
    if scope.group is not None:
        found = cursor.execute(
            "SELECT p.id FROM client_words_post w JOIN client_group_post p ON p.id = w.rowid"
            " WHERE client_words_post MATCH ? AND w.rowid < ? AND p.group_id = ?"
            " AND p.state != 'held' AND p.target IS NULL ORDER BY w.rowid DESC LIMIT ?",
            (match, below, scope.group, limit),
        )
        return [row[0] for row in found]
    found = cursor.execute(
        "SELECT m.id FROM client_words w JOIN client_message m ON m.id = w.rowid"
        " JOIN client_connection c ON c.id = m.connection_id"
        " WHERE client_words MATCH ? AND w.rowid < ?"
        " AND (? IS NULL OR m.connection_id = ?) AND (? IS NULL OR c.profile_id = ?)"
        " ORDER BY w.rowid DESC LIMIT ?",
        (match, below, *_scope(scope), limit),
    )
    return [row[0] for row in found]


def _texts(scope: Scope, below: int, cursor: Cursor) -> list[tuple[int, str]]:
    if scope.group is not None:
        return cursor.execute(
            "SELECT id, text FROM client_group_post WHERE group_id = ? AND id < ? AND text != ''"
            " AND state != 'held' AND target IS NULL ORDER BY id DESC LIMIT ?",
            (scope.group, below, PAGE),
        ).fetchall()
    where, key = (
        ("m.connection_id = ?", scope.connection)
        if scope.connection is not None
        else ("c.profile_id = ?", scope.profile)
    )
    return cursor.execute(
        "SELECT m.id, m.text FROM client_message m"  # noqa: S608 - one of two texts
        " JOIN client_connection c ON c.id = m.connection_id"
        f" WHERE {where} AND m.id < ? AND m.text != '' ORDER BY m.id DESC LIMIT ?",
        (key, below, PAGE),
    ).fetchall()


def _scope(scope: Scope) -> tuple[int | None, ...]:
    return scope.connection, scope.connection, scope.profile, scope.profile
