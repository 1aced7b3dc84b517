"""Jobs by the calendar: when they run, and the row that holds the next run.

Only the next run is stored. The run's outcome and the row of the run after it are one
transaction, so that a crash neither loses a run nor doubles one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

import msgspec
from cronsim import CronSim, CronSimError

from graphchat_bots.faults import Fault
from graphchat_bots.handler import Function, Handler
from graphchat_bots.message import Sender
from graphchat_bots.turn import CRON_CHAT, CRON_JOB, Job

Missed = Literal["once", "all", "skip"]
"""What becomes of runs that were due while the bot was away."""

MAX_MISSED: Final = 100


@dataclass(frozen=True, slots=True)
class CronEntry:
    """A decorated function, as nobody has looked at it yet."""

    function: Function
    expression: str
    zone: str
    missed: Missed

    def faults(self) -> list[Fault]:
        """Return what is wrong with it, but for the signature of the function."""
        where = f"cron {getattr(self.function, '__name__', repr(self.function))}"
        found = []
        if self.missed not in get_args(Missed):
            found.append(f"missed is once, all or skip, not {self.missed!r}")
        try:
            zone = ZoneInfo(self.zone)
        except (OSError, ValueError, KeyError):
            found.append(f"there is no time zone {self.zone!r}; one is Europe/Berlin")
            zone = ZoneInfo("UTC")
        try:
            next(CronSim(self.expression, datetime.now(zone)))
        except CronSimError as error:
            found.append(
                f"{self.expression!r}: {error}. Write minute, hour, day, month and day of the"
                " week, for example 0 9 * * mon-fri"
            )
        except StopIteration:
            found.append(f"{self.expression!r}: that day never comes")
        return [Fault(f"{where}: {text}", self.function) for text in found]


class Planned(msgspec.Struct, frozen=True, array_like=True):
    """What the row of a run says: what it was made of, and when it was to be."""

    expression: str
    zone: str
    at: float


@dataclass(frozen=True, slots=True)
class Cron:
    """A function and its times."""

    handler: Handler
    expression: str
    zone: str
    missed: Missed

    @property
    def name(self) -> str:
        return self.handler.name

    def after(self, moment: float) -> float:
        """Return the first time after ``moment``; both in seconds since 1970."""
        for found in CronSim(self.expression, self._local(moment)):
            # In the hour that a clock goes through twice, it counts from the first.
            if found.timestamp() > moment:
                return found.timestamp()
        raise AssertionError  # `CronEntry.faults` lets no such expression in

    def missed_times(self, since: float, now: float) -> Sequence[float]:
        """Return when it was to run from ``since`` to ``now``: the last 100, the latest first."""
        times = (
            found.timestamp()
            for found in CronSim(self.expression, self._local(now + 1), reverse=True)
        )
        due = (at for at in times if at <= now)
        return [at for at in islice(due, MAX_MISSED + 1) if at >= since]

    def job(self, at: float) -> Job:
        """Return the run at that time."""
        place = CRON_CHAT + self.name
        return Job(
            id=f"{CRON_JOB}{self.name}-{at:.0f}",
            name=self.name,
            chat=place,
            sender=Sender(place, ""),
            body=msgspec.msgpack.encode(Planned(self.expression, self.zone, at)),
            due=at,
        )

    def following(self, job: Job, now: float) -> Job:
        """Return the run after ``job``, which has ended."""
        at = planned(job).at
        return self.job(self.after(at if self.missed == "all" else max(at, now)))

    def made(self, job: Job) -> bool:
        """Say whether ``job`` was made of this expression and zone."""
        was = planned(job)
        return (was.expression, was.zone) == (self.expression, self.zone)

    def _local(self, moment: float) -> datetime:
        return datetime.fromtimestamp(moment, ZoneInfo(self.zone))


def planned(job: Job) -> Planned:
    return msgspec.msgpack.decode(job.body, type=Planned)


def due_of(job: Job) -> datetime | None:
    """Return when a run of a cron was to be, in UTC; nothing for another job."""
    return datetime.fromtimestamp(planned(job).at, UTC) if job.is_cron else None
