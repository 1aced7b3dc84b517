"""One event from the mailbox to the disk: run the handler, try again, give up with dignity."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

from graphchat.content import Text
from graphchat_bots.backoff import delay, insist
from graphchat_bots.budget import Budget
from graphchat_bots.cron import due_of
from graphchat_bots.dispatch import Dispatch
from graphchat_bots.errors import StaleStateError
from graphchat_bots.figures import Figures
from graphchat_bots.granting import Roles
from graphchat_bots.kept import event_in, pack_event, pack_job
from graphchat_bots.limits import Limits
from graphchat_bots.log import describe, note, reference
from graphchat_bots.message import Event, event_of
from graphchat_bots.port import Incoming
from graphchat_bots.provided import NOTHING, Provided
from graphchat_bots.roles import Role
from graphchat_bots.sharing import Sharing
from graphchat_bots.store import BotStore, DeadLetter, Outcome, StateRow
from graphchat_bots.timer import SystemTimer, Timer
from graphchat_bots.turn import Job, Turn

# An event that may have killed the process is counted for as long after the next start.
CAREFUL_FOR: Final = 60.0


def _ignore(error: Exception) -> None:
    """Leave it to the log."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a runtime is given by whoever starts it."""

    timer: Timer = field(default_factory=SystemTimer)
    limits: Limits = field(default_factory=Limits)
    provided: Provided = field(default_factory=lambda: NOTHING)
    """What the bot's providers have made."""
    folder: Path | None = None
    """Where the bot lives: invitations to roles are found there."""
    failed: Callable[[Exception], None] = _ignore
    """Is told each failure of a handler: a test fails then."""
    figures: Figures = field(default_factory=Figures)


@dataclass(frozen=True, slots=True)
class _Failure:
    """The last of several."""

    error: str
    tries: int


class Handling:
    """Handles events and jobs; what follows is on disk when a method returns."""

    def __init__(
        self,
        dispatch: Dispatch,
        store: BotStore,
        surroundings: Surroundings,
        roles: Roles,
    ) -> None:
        timer = surroundings.timer
        self._dispatch = dispatch
        self._store = store
        self._roles = roles
        self._timer = timer
        self._limits = surroundings.limits
        self._failed = surroundings.failed
        self._figures = surroundings.figures
        self._budget = Budget()
        self._sharing = Sharing(self._write)
        self._careful_until = timer.now() + CAREFUL_FOR if store.crashed else 0.0

    async def incoming(self, incoming: Incoming) -> Outcome | None:
        """Answer an event; return what was stored, or nothing if that was done before."""
        if incoming.from_bot and self._is_silent(incoming.sender_id):
            return await self._write(Outcome(incoming.id, self._timer.now(), is_job=False))
        outcome = await self._sharing.settle(lambda: self._answer(incoming))
        if incoming.from_bot and outcome is not None and outcome.messages:
            self._budget.spend(incoming.sender_id, self._timer.now())
        return outcome

    async def job(self, job: Job) -> Outcome | None:
        """Run a job; return what was stored, or nothing if that was done before."""
        sender = job.sender
        if sender.is_bot and self._is_silent(sender.id):
            return await self._write(Outcome(job.id, self._timer.now(), is_job=True))
        outcome = await self._sharing.settle(lambda: self._run_and_plan(job))
        if sender.is_bot and outcome is not None and outcome.messages:
            self._budget.spend(sender.id, self._timer.now())
        return outcome

    def _is_silent(self, sender: str) -> bool:
        silent = not self._budget.allows(sender, self._timer.now())
        if silent:
            note("info", "a bot is not answered any more for a while")
            self._figures.events["message", "silent"] += 1
        return silent

    async def _run_and_plan(self, job: Job) -> Outcome:
        outcome = replace(await self._run(job), is_job=True)
        if outcome.again is None and (following := self._dispatch.following(job)):
            return replace(outcome, jobs=(*outcome.jobs, *following))
        return outcome

    async def _run(self, job: Job) -> Outcome:
        again = event_in(job)
        role = self._roles.of(job.sender.id)
        event = _event_of(job, role) if again is None else event_of(again, role)
        if (tries := await self._tries_before(event)) >= self._limits.tries:
            return self._give_up(event, _Failure("crash", tries), again or job)
        try:
            turn, states = await self._dispatch.run(event, job if again is None else None)
        except Exception as error:  # noqa: BLE001 - a job may fail in any way
            self._note(event, error, job.tries + 1)
            return self._again(event, job, error)
        return self._done(turn, states)

    async def _answer(self, incoming: Incoming) -> Outcome:
        event = event_of(incoming, self._roles.of(incoming.sender_id))
        tries = await self._tries_before(event)
        failure = _Failure("crash", tries)
        while failure.tries < self._limits.tries:
            try:
                turn, states = await self._dispatch.run(event)
            except Exception as error:  # noqa: BLE001 - a handler may fail in any way
                failure = _Failure(type(error).__name__, failure.tries + 1)
                self._note(event, error, failure.tries)
                if failure.tries < self._limits.tries:
                    await self._timer.sleep(delay(failure.tries, self._timer))
            else:
                return self._done(turn, states)
        return self._give_up(event, failure, incoming)

    async def _tries_before(self, event: Event) -> int:
        # Counted on disk only for a while after a crash, for it costs a commit: if one of
        # the first events kills the process every time, it is found out here.
        now = self._timer.now()
        if now >= self._careful_until:
            return 0
        return await insist(
            "counting tries", lambda: self._store.begin_attempt(event.id, now), self._timer
        )

    def _note(self, event: Event, error: Exception, tries: int) -> None:
        note(
            "error",
            "handler failed",
            reference=reference(event.id),
            kind=event.kind,
            tries=tries,
            error=describe(error),
        )
        self._figures.events[event.kind, "again"] += 1
        self._failed(error)

    def _again(self, event: Event, job: Job, error: Exception) -> Outcome:
        tries = job.tries + 1
        if tries >= self._limits.tries:
            failure = _Failure(type(error).__name__, tries)
            return self._give_up(event, failure, event_in(job) or job)
        due = self._timer.now() + delay(tries, self._timer)
        return self._outcome(Turn(event), again=replace(job, tries=tries, due=due))

    def _give_up(self, event: Event, failure: _Failure, cause: Incoming | Job) -> Outcome:
        self._figures.events[event.kind, "set aside"] += 1
        code = reference(event.id)
        note("error", "set aside", reference=code, kind=event.kind, tries=failure.tries)
        turn = Turn(event)
        if event.kind != "cron":
            turn.say(Text(f"Sorry, something went wrong here. Reference: {code}"))
        dead = DeadLetter(
            reference=code,
            kind=event.kind,
            id=event.id,
            chat=event.chat,
            sender_name=event.sender.name,
            name=cause.name if isinstance(cause, Job) else "",
            body=pack_job(cause) if isinstance(cause, Job) else pack_event(cause),
            error=failure.error,
            tries=failure.tries,
            at=self._timer.now(),
        )
        return self._outcome(turn, dead=dead)

    def _done(self, turn: Turn, states: tuple[StateRow, ...]) -> Outcome:
        self._figures.events[turn.event.kind, "done"] += 1
        return self._outcome(turn, states)

    def _outcome(
        self,
        turn: Turn,
        states: tuple[StateRow, ...] = (),
        *,
        again: Job | None = None,
        dead: DeadLetter | None = None,
    ) -> Outcome:
        growing = self._dispatch.growing
        return Outcome(
            turn.event.id,
            self._timer.now(),
            is_job=turn.event.kind in ("job", "cron"),
            messages=turn.outgoing() if again else growing.settled(turn),
            jobs=tuple(turn.jobs),
            states=states,
            roles=tuple(turn.roles),
            again=again,
            dead=dead,
            offers=tuple(turn.offers),
            # A job that is tried again edits what it has shown.
            has_grown=again is None and growing.has_shown(turn.event.id),
        )

    async def _write(self, outcome: Outcome) -> Outcome | None:
        new = await insist(
            "storing",
            lambda: self._store.write(outcome),
            self._timer,
            hopeless=(StaleStateError,),
        )
        await self._roles.settle(outcome)
        if outcome.has_grown:
            self._dispatch.growing.ended(outcome.id)
        return outcome if new else None


def _event_of(job: Job, role: Role) -> Event:
    kind: Literal["job", "cron"] = "cron" if job.is_cron else "job"
    sender = replace(job.sender, role=role)
    return Event(job.id, kind, job.chat, sender, group=job.group, due=due_of(job))
