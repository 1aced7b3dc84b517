"""The effects of one event as rows, and the one transaction that writes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from graphchat.store import Cursor
from graphchat_bots.conversation.record import Change
from graphchat_bots.port import Kind
from graphchat_bots.roles import RoleChange
from graphchat_bots.store import conversations
from graphchat_bots.store.offers import write_offers
from graphchat_bots.store.roles import change_roles
from graphchat_bots.turn import Job, Offer, Outgoing

# The newest are kept.
MAX_DEAD: Final = 10_000


@dataclass(frozen=True, slots=True)
class StateRow:
    """What a bot remembers: of a sender in a chat, of a chat, or at all."""

    chat: str
    """Empty if it belongs to the whole bot."""
    sender: str
    """Empty if it belongs to no single sender."""
    name: str
    body: bytes
    before: bytes | None = None
    """For what belongs to the whole bot: as the handler found it; nothing if it was not there."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Something that could not be handled, set aside."""

    reference: str
    """What the chat was told, and what stands in the log."""
    kind: Kind | Literal["outgoing"]
    id: str
    chat: str
    sender_name: str
    name: str
    """Of the job, else empty."""
    body: bytes
    """The event, the job or what was to leave, as `graphchat_bots.kept` packs it."""
    error: str
    """Name of the class of the last error."""
    tries: int
    at: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that is written when an event was handled."""

    id: str
    at: float
    is_job: bool
    messages: tuple[Outgoing, ...] = ()
    jobs: tuple[Job, ...] = ()
    states: tuple[StateRow, ...] = ()
    roles: tuple[RoleChange, ...] = ()
    changes: tuple[Change, ...] = ()
    """What becomes of conversations."""
    again: Job | None = None
    """The job itself, if it is to be tried again later."""
    dead: DeadLetter | None = None
    offers: tuple[Offer, ...] = ()
    has_grown: bool = False
    """Whether people have seen a part of it before."""


def write(cursor: Cursor, outcome: Outcome) -> bool:
    """Write all of it; return whether the event was new. If not, nothing is written."""
    if not _close(cursor, outcome):
        return False
    write_jobs(cursor, outcome.jobs if outcome.again is None else (*outcome.jobs, outcome.again))
    if outcome.states:
        cursor.executemany(
            "INSERT OR REPLACE INTO bot_state (chat, sender, name, body) VALUES (?, ?, ?, ?)",
            [(row.chat, row.sender, row.name, row.body) for row in outcome.states],
        )
    write_messages(cursor, outcome.messages)
    if outcome.roles:
        change_roles(cursor, outcome.roles)
    write_offers(cursor, outcome.offers)
    if outcome.has_grown:
        cursor.execute("DELETE FROM bot_growing WHERE event = ?", (outcome.id,))
    for change in outcome.changes:
        conversations.write(cursor, change, outcome.at)
    if outcome.dead is not None:
        bury(cursor, outcome.dead)
    return True


def is_stale(cursor: Cursor, outcome: Outcome) -> bool:
    """Say whether another chat has changed what belongs to the whole bot, since it was read."""
    return any(_stored(cursor, row.name) != row.before for row in outcome.states if not row.chat)


def _stored(cursor: Cursor, name: str) -> bytes | None:
    found = cursor.execute(
        "SELECT body FROM bot_state WHERE chat = '' AND sender = '' AND name = ?", (name,)
    ).fetchone()
    return found[0] if found else None


def _close(cursor: Cursor, outcome: Outcome) -> bool:
    # An event is closed by its id, a job by its row being gone.
    cursor.execute("DELETE FROM bot_attempt WHERE id = ?", (outcome.id,))
    if outcome.is_job:
        cursor.execute("DELETE FROM bot_job WHERE id = ?", (outcome.id,))
    else:
        cursor.execute(
            "INSERT OR IGNORE INTO bot_seen (id, at) VALUES (?, ?)", (outcome.id, outcome.at)
        )
    return cursor.rowcount > 0


def write_messages(cursor: Cursor, messages: Sequence[Outgoing]) -> None:
    """Put messages into the outbox, but for those that are there."""
    if messages:
        cursor.executemany(
            "INSERT OR IGNORE INTO bot_outbox (chat, message_id, body, kind, bulk)"
            " VALUES (?, ?, ?, ?, ?)",
            [(row.chat, row.message_id, row.body, row.kind, row.bulk) for row in messages],
        )


def write_jobs(cursor: Cursor, jobs: Sequence[Job]) -> None:
    """Put jobs into the agenda, but for those that are there."""
    if jobs:
        cursor.executemany(
            "INSERT OR IGNORE INTO bot_job"
            " (id, name, chat, sender_name, body, due, tries, from_bot, sender, group_name)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [_row(job) for job in jobs],
        )


def _row(job: Job) -> tuple[str | bytes | float | None, ...]:
    return (
        job.id,
        job.name,
        job.chat,
        job.sender.name,
        job.body,
        job.due,
        job.tries,
        job.sender.is_bot,
        job.sender.id,
        None if job.group is None else job.group.name,
    )


def bury(cursor: Cursor, dead: DeadLetter) -> None:
    """Set something aside; of very many only the newest are kept."""
    cursor.execute(
        "INSERT INTO bot_dead_letter"
        " (reference, kind, event, chat, sender_name, name, body, error, tries, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            dead.reference,
            dead.kind,
            dead.id,
            dead.chat,
            dead.sender_name,
            dead.name,
            dead.body,
            dead.error,
            dead.tries,
            dead.at,
        ),
    )
    cursor.execute(
        "DELETE FROM bot_dead_letter WHERE id <= (SELECT max(id) FROM bot_dead_letter) - ?",
        (MAX_DEAD,),
    )
