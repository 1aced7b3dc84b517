"""Questions to a bot's store, and the writes that are not the outcome of an event."""

import json
from collections.abc import Collection, Sequence
from datetime import timedelta
from functools import partial
from typing import Final, Self, TypeVar, final

from graphchat.store import Cursor, Database, Row
from graphchat.store.schema import App
from graphchat_bots.errors import StaleStateError
from graphchat_bots.message import Sender
from graphchat_bots.port import Group
from graphchat_bots.roles import Holder
from graphchat_bots.store.announced import Announced
from graphchat_bots.store.commits import Commits
from graphchat_bots.store.conversations import Conversations
from graphchat_bots.store.offers import Offers
from graphchat_bots.store.outcome import DeadLetter, Outcome, bury, is_stale, write, write_jobs
from graphchat_bots.store.roles import forget_used, holders, is_used
from graphchat_bots.turn import CRON_JOB, Job, Outgoing

BOT: Final = App("bot", "graphchat_bots.store.models", "graphchat_bots.store.migrations")
"""The tables; `graphchat.store.Database.open` makes them."""

# A sender repeats what was not receipted for 21 days.
SEEN_FOR: Final = timedelta(days=30).total_seconds()
MAX_SEEN: Final = 2_000_000

T = TypeVar("T")


@final
class BotStore:
    """One bot's memory. Open it with `open`, and run its ``commits``."""

    def __init__(self, database: Database, *, crashed: bool) -> None:
        self._database = database
        self.commits: Final = Commits(database)
        self.announced: Final = Announced(database)
        self.offers: Final = Offers(database)
        self.conversations: Final = Conversations(database, self.commits)
        self.crashed: Final = crashed
        """Whether the bot did not stop in good order the last time."""

    @classmethod
    async def open(cls, database: Database) -> Self:
        """Note that the bot runs. ``database`` was opened with the tables of `BOT`."""
        store = cls(database, crashed=await database.write(_begin))
        await store.announced.load()
        await store.offers.load()
        await store.conversations.load()
        return store

    async def end(self) -> None:
        """Note that the bot has stopped in good order."""
        await self._database.write(partial(_set_running, 0))

    async def write(self, outcome: Outcome) -> bool:
        """Write what follows from an event; return whether the event was new.

        Raises `StaleStateError`, and writes nothing, if another chat has changed meanwhile
        what the handler knew of the whole bot.
        """
        new = await self.commits.commit(
            # Returned and not raised, for that would undo the others of the group.
            lambda cursor: None if is_stale(cursor, outcome) else write(cursor, outcome)
        )
        if new is None:
            raise StaleStateError
        for offer in outcome.offers:
            self.offers.made_in(offer.chat)
        if new:
            self.announced.apply(outcome.states)
            self.conversations.apply(outcome.changes)
        return new

    async def begin_attempt(self, event_id: str, now: float) -> int:
        """Note that an event is begun; return how often it was begun before."""
        return await self.commits.commit(lambda cursor: _begin_attempt(cursor, event_id, now))

    async def growing(self) -> list[tuple[str, bytes]]:
        """Return which events have begun to show which messages, in their order."""
        found = await self._rows("SELECT event, message_id FROM bot_growing ORDER BY id")
        return [(event_id, message_id) for event_id, message_id in found]

    async def begin_growing(self, event_id: str, message_id: bytes) -> None:
        """Note that a message is about to be seen before its event was handled."""
        await self.commits.commit(
            lambda cursor: (
                cursor.execute(
                    "INSERT OR IGNORE INTO bot_growing (event, message_id) VALUES (?, ?)",
                    (event_id, message_id),
                ).rowcount
            )
        )

    async def seen(self, ids: Sequence[str]) -> set[str]:
        """Return those of ``ids`` whose effects are stored."""
        found = await self._rows(
            "SELECT id FROM bot_seen WHERE id IN (SELECT value FROM json_each(?))",
            json.dumps(ids),
        )
        return {id_ for (id_,) in found}

    async def state(self, chat: str, sender: str, name: str) -> bytes | None:
        found = await self._rows(
            "SELECT body FROM bot_state WHERE chat = ? AND sender = ? AND name = ?",
            chat,
            sender,
            name,
        )
        return found[0][0] if found else None

    async def jobs(self, ids: Collection[str], chats: Collection[str], most: int) -> list[Job]:
        """Return the next jobs, the earliest first, but for ``ids`` and those of ``chats``."""
        found = await self._rows(
            "SELECT id, name, chat, sender, sender_name, from_bot, group_name, body, due, tries"
            " FROM bot_job"
            " WHERE id NOT IN (SELECT value FROM json_each(?))"
            " AND chat NOT IN (SELECT value FROM json_each(?)) ORDER BY due LIMIT ?",
            json.dumps(list(ids)),
            json.dumps(list(chats)),
            most,
        )
        return [_job(row) for row in found]

    async def cron_runs(self) -> list[Job]:
        """Return the next runs of crons."""
        found = await self._rows(
            "SELECT id, name, chat, sender, sender_name, from_bot, group_name, body, due, tries"
            " FROM bot_job WHERE substr(id, 1, ?) = ? ORDER BY id",
            len(CRON_JOB),
            CRON_JOB,
        )
        return [_job(row) for row in found]

    async def replace_jobs(self, drop: Sequence[str], add: Sequence[Job]) -> None:
        """Forget jobs and take up others, at once."""
        await self.commits.commit(lambda cursor: _replace_jobs(cursor, drop, add))

    async def post(self, job: Job, now: float) -> bool:
        """Put a job into the agenda that came from outside; return whether its id was new."""
        return await self.commits.commit(lambda cursor: _post(cursor, job, now))

    async def count_jobs(self, chat: str) -> int:
        return int((await self._rows("SELECT count(*) FROM bot_job WHERE chat = ?", chat))[0][0])

    async def outbox(self, after: int, most: int) -> list[tuple[int, Outgoing]]:
        """Return messages that were not sent yet, the oldest first, and their numbers."""
        found = await self._rows(
            "SELECT id, chat, message_id, body, kind, bulk FROM bot_outbox WHERE id > ?"
            " ORDER BY id LIMIT ?",
            after,
            most,
        )
        return [(number, Outgoing(*row)) for number, *row in found]

    def sent(self, message_id: bytes) -> None:
        """Forget a message that the network has taken, soon."""
        self.commits.along(
            lambda cursor: (
                cursor.execute(
                    "DELETE FROM bot_outbox WHERE message_id = ?", (message_id,)
                ).rowcount
            )
        )

    async def give_up(self, dead: DeadLetter, message_id: bytes) -> None:
        """Set a message aside that cannot be sent."""
        await self.commits.commit(lambda cursor: _give_up(cursor, dead, message_id))

    async def holders(self) -> list[Holder]:
        """Return everybody who has a role, the first first."""
        return await self._database.read(holders)

    async def is_used(self, grant: str) -> bool:
        """Say whether an invitation to a role was redeemed."""
        return await self._database.read(lambda cursor: is_used(cursor, grant))

    async def dead_letters(self) -> list[DeadLetter]:
        """Return what was set aside, the oldest first."""
        found = await self._rows(
            "SELECT reference, kind, event, chat, sender_name, name, body, error, tries, at"
            " FROM bot_dead_letter ORDER BY id"
        )
        return [DeadLetter(*row) for row in found]

    async def count_due(self, now: float) -> int:
        """Return how many jobs are due."""
        return int((await self._rows("SELECT count(*) FROM bot_job WHERE due <= ?", now))[0][0])

    async def count_dead_letters(self) -> int:
        return int((await self._rows("SELECT count(*) FROM bot_dead_letter"))[0][0])

    async def forget_old(self, now: float) -> None:
        """Drop what nobody will ask for any more."""
        await self.commits.commit(lambda cursor: _forget_old(cursor, now))
        await self.conversations.forget_old(now)

    async def _rows(self, sql: str, *parameters: str | float) -> list[Row]:
        return await self._database.read(lambda cursor: cursor.execute(sql, parameters).fetchall())


def _job(row: Row) -> Job:
    id_, name, chat, sender_id, sender_name, from_bot, group_name, body, due, tries = row
    sender = Sender(sender_id, sender_name, bool(from_bot))
    group = None if group_name is None else Group(chat, group_name)
    return Job(id_, name, chat, sender, body, due, tries, group)


def _begin(cursor: Cursor) -> bool:
    found = cursor.execute("SELECT value FROM bot_fact WHERE name = 'running'").fetchone()
    _set_running(1, cursor)
    return found is not None and bool(found[0])


def _set_running(value: int, cursor: Cursor) -> None:
    cursor.execute("INSERT OR REPLACE INTO bot_fact (name, value) VALUES ('running', ?)", (value,))


def _begin_attempt(cursor: Cursor, event_id: str, now: float) -> int:
    cursor.execute(
        "INSERT INTO bot_attempt (id, tries, at) VALUES (?, 0, ?)"
        " ON CONFLICT (id) DO UPDATE SET tries = tries + 1",
        (event_id, now),
    )
    found = cursor.execute("SELECT tries FROM bot_attempt WHERE id = ?", (event_id,)).fetchone()
    assert found is not None  # it was written above
    return int(found[0])


def _replace_jobs(cursor: Cursor, drop: Sequence[str], add: Sequence[Job]) -> None:
    cursor.executemany("DELETE FROM bot_job WHERE id = ?", [(id_,) for id_ in drop])
    write_jobs(cursor, add)


def _post(cursor: Cursor, job: Job, now: float) -> bool:
    # The row of the job goes when it has run; that it was there must be known for longer.
    cursor.execute("INSERT OR IGNORE INTO bot_seen (id, at) VALUES (?, ?)", (job.id, now))
    if cursor.rowcount <= 0:
        return False
    write_jobs(cursor, [job])
    return True


def _give_up(cursor: Cursor, dead: DeadLetter, message_id: bytes) -> None:
    bury(cursor, dead)
    cursor.execute("DELETE FROM bot_outbox WHERE message_id = ?", (message_id,))


def _forget_old(cursor: Cursor, now: float) -> None:
    cursor.execute("DELETE FROM bot_seen WHERE at < ?", (now - SEEN_FOR,))
    cursor.execute(
        "DELETE FROM bot_seen WHERE rowid <= (SELECT max(rowid) FROM bot_seen) - ?", (MAX_SEEN,)
    )
    cursor.execute("DELETE FROM bot_attempt WHERE at < ?", (now - SEEN_FOR,))
    forget_used(cursor, now)
