"""One event from the mailbox to the disk: run the handler, try again, give up with dignity."""

from dataclasses import dataclass, replace
from typing import Final, Literal

from graphchat.content import Text
from graphchat_bots.backoff import delay, insist
from graphchat_bots.budget import Budget
from graphchat_bots.cron import due_of
from graphchat_bots.dispatch import Dispatch
from graphchat_bots.doing import Doing
from graphchat_bots.errors import ConversationBusyError, StaleStateError
from graphchat_bots.granting import Roles
from graphchat_bots.kept import event_in, pack_event, pack_job
from graphchat_bots.log import describe, note, reference
from graphchat_bots.message import Event
from graphchat_bots.port import Incoming
from graphchat_bots.roles import Role
from graphchat_bots.sharing import Sharing
from graphchat_bots.speech import gettext
from graphchat_bots.states import States
from graphchat_bots.store import BotStore, DeadLetter, Outcome
from graphchat_bots.surroundings import Surroundings
from graphchat_bots.turn import Job, Turn

# An event that may have killed the process is counted for as long after the next start.
CAREFUL_FOR: Final = 60.0
# Seconds until a job tries again to ask in a chat where somebody is being asked.
BUSY: Final = 60.0


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
        event = _event_of(job, role) if again is None else self._dispatch.event_of(again)
        if (tries := await self._tries_before(event)) >= self._limits.tries:
            return await self._give_up(event, _Failure("crash", tries), again or job)
        try:
            doing = await self._dispatch.run(event, job if again is None else None)
        except ConversationBusyError:
            due = self._timer.now() + BUSY
            return self._outcome(self._begin(event), again=replace(job, due=due))
        except Exception as error:  # noqa: BLE001 - a job may fail in any way
            self._note(event, error, job.tries + 1)
            return await self._again(event, job, error)
        return self._done(doing)

    async def _answer(self, incoming: Incoming) -> Outcome:
        event = self._dispatch.event_of(incoming)
        tries = await self._tries_before(event)
        failure = _Failure("crash", tries)
        while failure.tries < self._limits.tries:
            try:
                doing = await self._dispatch.run(event)
            except Exception as error:  # noqa: BLE001 - a handler may fail in any way
                failure = _Failure(type(error).__name__, failure.tries + 1)
                self._note(event, error, failure.tries)
                if failure.tries < self._limits.tries:
                    await self._timer.sleep(delay(failure.tries, self._timer))
            else:
                return self._done(doing)
        return await self._give_up(event, failure, incoming)

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

    async def _again(self, event: Event, job: Job, error: Exception) -> Outcome:
        tries = job.tries + 1
        if tries >= self._limits.tries:
            failure = _Failure(type(error).__name__, tries)
            return await self._give_up(event, failure, event_in(job) or job)
        due = self._timer.now() + delay(tries, self._timer)
        return self._outcome(self._begin(event), again=replace(job, tries=tries, due=due))

    async def _give_up(self, event: Event, failure: _Failure, cause: Incoming | Job) -> Outcome:
        self._figures.events[event.kind, "set aside"] += 1
        code = reference(event.id)
        note("error", "set aside", reference=code, kind=event.kind, tries=failure.tries)
        await insist("reading", lambda: self._dispatch.speak(event), self._timer)
        doing = self._begin(event)
        self._dispatch.keeper.abandon(doing)
        if event.kind != "cron":
            text = gettext("Sorry, something went wrong here. Reference: {code}")
            doing.turn.say(Text(text.format(code=code)))
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
        return self._outcome(doing, dead=dead)

    def _done(self, doing: Doing) -> Outcome:
        self._figures.events[doing.event.kind, "done"] += 1
        return self._outcome(doing)

    def _outcome(
        self, doing: Doing, *, again: Job | None = None, dead: DeadLetter | None = None
    ) -> Outcome:
        turn, growing = doing.turn, self._dispatch.growing
        return Outcome(
            turn.event.id,
            doing.at,
            is_job=turn.event.kind in ("job", "cron"),
            messages=turn.outgoing() if again else growing.settled(turn),
            jobs=tuple(turn.jobs),
            states=doing.rows,
            roles=tuple(turn.roles),
            changes=tuple(doing.changes.values()),
            again=again,
            dead=dead,
            offers=tuple(turn.offers),
            # A job that is tried again edits what it has shown.
            has_grown=again is None and growing.has_shown(turn.event.id),
        )

    def _begin(self, event: Event) -> Doing:
        states = States(self._store, event, {})
        return Doing(Turn(event), self._timer.now(), states)

    async def _write(self, outcome: Outcome) -> Outcome | None:
        stored = False
        try:
            stored = await insist(
                "storing",
                lambda: self._store.write(outcome),
                self._timer,
                hopeless=(StaleStateError,),
            )
        finally:
            self._dispatch.settle(outcome, stored=stored)
        await self._roles.settle(outcome)
        if outcome.has_grown:
            self._dispatch.growing.ended(outcome.id)
        return outcome if stored else None


def _event_of(job: Job, role: Role) -> Event:
    kind: Literal["job", "cron"] = "cron" if job.is_cron else "job"
    sender = replace(job.sender, role=role)
    return Event(job.id, kind, job.chat, sender, group=job.group, due=due_of(job))
