"""What becomes of the runs of crons at a start: of new ones, gone ones, and missed ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from graphchat_bots.backoff import insist
from graphchat_bots.cron import MAX_MISSED, Cron, planned
from graphchat_bots.log import note
from graphchat_bots.store import BotStore
from graphchat_bots.timer import Timer
from graphchat_bots.turn import Job

# Seconds that a run may be late and is not missed: the bot has crashed in it, or before it.
GRACE: Final = 60.0


@dataclass(slots=True)
class Change:
    """What is to be written."""

    drop: list[str] = field(default_factory=list[str])
    add: list[Job] = field(default_factory=list[Job])

    def __bool__(self) -> bool:
        return bool(self.drop or self.add)


async def catch_up(store: BotStore, crons: Mapping[str, Cron], timer: Timer) -> None:
    """Let the store hold the next run of each cron, and of nothing else."""
    rows = await insist("reading crons", store.cron_runs, timer)
    change = resume(crons, rows, timer.now())
    if change:
        await insist("planning crons", partial(store.replace_jobs, change.drop, change.add), timer)


def resume(crons: Mapping[str, Cron], rows: Sequence[Job], now: float) -> Change:
    """Return what must change so that ``crons`` go on where ``rows`` stand."""
    change, known = Change(), set[str]()
    for row in rows:
        cron = crons.get(row.name)
        if cron is None:
            note("warning", "a cron is gone; its next run is dropped", cron=row.name)
            change.drop.append(row.id)
        elif not cron.made(row) or cron.name in known:
            note("info", "a cron has new times", cron=row.name)
            change.drop.append(row.id)
        else:
            known.add(cron.name)
            _catch_up(cron, row, now, change)
    change.add += [cron.job(cron.after(now)) for cron in crons.values() if cron.name not in known]
    return change


def _catch_up(cron: Cron, row: Job, now: float, change: Change) -> None:
    since = planned(row).at
    if since > now:
        return
    if cron.missed == "skip" and since < now - GRACE and not row.tries:
        note("warning", "runs of a cron were missed and are skipped", cron=cron.name)
        _move(row, cron.job(cron.after(now)), change)
    elif cron.missed == "all":
        missed = cron.missed_times(since, now)
        if len(missed) > MAX_MISSED:
            note("warning", "only the last runs are made up for", cron=cron.name, runs=MAX_MISSED)
            _move(row, cron.job(missed[MAX_MISSED - 1]), change)


def _move(row: Job, to: Job, change: Change) -> None:
    change.drop.append(row.id)
    change.add.append(to)
