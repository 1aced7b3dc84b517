"""Conversations in the store: the rows, and which chats have any."""

from collections.abc import Sequence
from functools import partial
from typing import Final, final

from graphchat.store import Cursor, Database
from graphchat_bots.conversation.record import Change, Waiting
from graphchat_bots.store.commits import Commits

# A journal whose event never came again: a little longer than it could have.
JOURNAL_FOR: Final = 30 * 86_400.0


@final
class Conversations:
    """The conversations of a bot.

    Which chats have one is known without a look at the disk, so that those without pay nothing.
    """

    def __init__(self, database: Database, commits: Commits) -> None:
        self._database = database
        self._commits = commits
        self._waiting: dict[tuple[str, str], str] = {}
        self._places: dict[str, tuple[str, str]] = {}
        self._journaled: set[str] = set()

    async def load(self) -> None:
        """Learn what an earlier run has left."""
        for id_, chat, sender in await self._database.read(
            lambda cursor: cursor.execute(
                "SELECT id, chat, sender FROM bot_conversation"
            ).fetchall()
        ):
            self._remember(id_, chat, sender)
        self._journaled = {
            id_
            for (id_,) in await self._database.read(
                lambda cursor: cursor.execute(
                    "SELECT DISTINCT conversation FROM bot_journal"
                ).fetchall()
            )
        }

    def waiting(self, chat: str, sender: str) -> str | None:
        """Return the id of the conversation that waits for this sender in this chat."""
        return self._waiting.get((chat, sender))

    def __len__(self) -> int:
        return len(self._waiting)

    async def find(self, id_: str) -> Waiting | None:
        """Return a conversation that waits."""
        return await self._database.read(partial(_find, id_))

    async def journal(self, id_: str) -> Sequence[bytes]:
        """Return the entries of a journal, in their order."""
        if id_ not in self._journaled:
            return ()
        return await self._database.read(partial(_journal, id_))

    def has_journal(self, id_: str) -> bool:
        return id_ in self._journaled

    def is_known(self, id_: str) -> bool:
        """Say whether anything of the conversation is stored."""
        return id_ in self._journaled or id_ in self._places

    async def append(
        self, id_: str, entries: Sequence[tuple[int, bytes]], at: float, *, rewrite: bool
    ) -> None:
        """Write these entries now: something was done that must not be done again.

        With ``rewrite`` they replace those that are there.
        """

        def work(cursor: Cursor) -> None:
            if rewrite:
                cursor.execute("DELETE FROM bot_journal WHERE conversation = ?", (id_,))
            _append(id_, entries, at, cursor)

        await self._commits.commit(work)
        self._journaled.add(id_)

    def apply(self, changes: Sequence[Change]) -> None:
        """Note what was written."""
        for change in changes:
            if change.waiting is None:
                self._forget(change.id)
                self._journaled.discard(change.id)
            else:
                self._remember(change.id, change.waiting.chat, change.waiting.sender)
                if change.entries:
                    self._journaled.add(change.id)

    def _remember(self, id_: str, chat: str, sender: str) -> None:
        self._waiting[chat, sender] = id_
        self._places[id_] = chat, sender

    def _forget(self, id_: str) -> None:
        place = self._places.pop(id_, None)
        if place is not None and self._waiting.get(place) == id_:
            del self._waiting[place]

    async def forget_old(self, now: float) -> None:
        """Drop those that nobody has answered for too long, and journals of nothing."""
        for id_ in await self._commits.commit(partial(_forget_old, now)):
            self._forget(id_)
            self._journaled.discard(id_)


def write(cursor: Cursor, change: Change, at: float) -> None:
    """Write what became of a conversation, in the transaction of its event."""
    if change.waiting is None or change.rewritten:
        cursor.execute("DELETE FROM bot_journal WHERE conversation = ?", (change.id,))
    if change.waiting is None:
        cursor.execute("DELETE FROM bot_conversation WHERE id = ?", (change.id,))
        return
    row = change.waiting
    cursor.execute(
        "INSERT OR REPLACE INTO bot_conversation"
        " (id, chat, sender, handler, head, prompt, questions, until)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row.id,
            row.chat,
            row.sender,
            row.handler,
            row.head,
            row.prompt,
            row.questions,
            row.until,
        ),
    )
    _append(change.id, change.entries, at, cursor)


def _append(id_: str, entries: Sequence[tuple[int, bytes]], at: float, cursor: Cursor) -> None:
    cursor.executemany(
        "INSERT OR IGNORE INTO bot_journal (conversation, number, body, at) VALUES (?, ?, ?, ?)",
        [(id_, number, body, at) for number, body in entries],
    )


def _find(id_: str, cursor: Cursor) -> Waiting | None:
    found = cursor.execute(
        "SELECT id, chat, sender, handler, head, prompt, questions, until FROM bot_conversation"
        " WHERE id = ?",
        (id_,),
    ).fetchone()
    return Waiting(*found) if found else None


def _journal(id_: str, cursor: Cursor) -> Sequence[bytes]:
    found = cursor.execute(
        "SELECT body FROM bot_journal WHERE conversation = ? ORDER BY number", (id_,)
    ).fetchall()
    return [body for (body,) in found]


def _forget_old(now: float, cursor: Cursor) -> list[str]:
    old = cursor.execute("SELECT id FROM bot_conversation WHERE until < ?", (now,)).fetchall()
    old += cursor.execute(
        "SELECT conversation FROM bot_journal"
        " WHERE conversation NOT IN (SELECT id FROM bot_conversation)"
        " GROUP BY conversation HAVING max(at) < ?",
        (now - JOURNAL_FOR,),
    ).fetchall()
    for (id_,) in old:
        write(cursor, Change(id_), now)
    return [id_ for (id_,) in old]
