"""Dead letters as a person sees them: listed, put back to be tried once more, or dropped.

Rule: a letter is gone in the same transaction in which what it was about is back, so it is
tried once more and never twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from graphchat.store import Cursor
from graphchat_bots import kept
from graphchat_bots.message import event_of
from graphchat_bots.store.outcome import DeadLetter, write_jobs, write_messages
from graphchat_bots.turn import Job

_COLUMNS: Final = "id, reference, kind, event, chat, sender_name, name, body, error, tries, at"

# Seconds between two that are put back together.
STEP: Final = 0.001


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter, and the number of its row."""

    number: int
    dead: DeadLetter


def letters(cursor: Cursor) -> list[Letter]:
    """Return what was set aside, the oldest first."""
    rows = cursor.execute(f"SELECT {_COLUMNS} FROM bot_dead_letter ORDER BY id").fetchall()  # noqa: S608 - names of ours
    return [Letter(number, DeadLetter(*row)) for number, *row in rows]


def retry(cursor: Cursor, chosen: Sequence[Letter], now: float) -> int:
    """Put these back: the bot handles them at its next start. Return how many."""
    back = [letter.dead for letter in chosen]
    # Under its own id: if the network has a message after all, it drops the second.
    outgoing = [kept.unpack_outgoing(dead.body) for dead in back if dead.kind == "outgoing"]
    write_messages(cursor, outgoing)
    jobs = [_job(dead) for dead in back if dead.kind != "outgoing"]
    # All are due, and the oldest first.
    write_jobs(
        cursor, [replace(job, due=now + n * STEP) for n, job in enumerate(jobs, -len(jobs))]
    )
    return drop(cursor, chosen)


def drop(cursor: Cursor, chosen: Sequence[Letter]) -> int:
    """Forget these; return how many."""
    cursor.executemany(
        "DELETE FROM bot_dead_letter WHERE id = ?", [(letter.number,) for letter in chosen]
    )
    return len(chosen)


def _job(dead: DeadLetter) -> Job:
    id_ = kept.next_id(dead.id)
    if dead.kind in ("job", "cron"):
        return replace(kept.unpack_job(dead.body), id=id_, tries=0)
    event = event_of(kept.unpack_event(dead.body))
    return Job(id_, kept.EVENT, dead.chat, event.sender, dead.body, 0.0, group=event.group)
