"""Runs a bot: events in, effects stored, events acknowledged, messages out.

The order is the promise. An event is acknowledged when its effects are on disk, and a
message leaves when the event that caused it cannot come again. So a crash between any two
lines loses nothing and repeats nothing that anybody sees.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from graphchat_bots.activity import Activity
from graphchat_bots.agenda import SELF, Agenda
from graphchat_bots.backoff import insist
from graphchat_bots.catchup import catch_up
from graphchat_bots.dispatch import Dispatch, Services
from graphchat_bots.granting import Roles
from graphchat_bots.growing import Growing
from graphchat_bots.handling import Handling
from graphchat_bots.inlet import Inlet, Open
from graphchat_bots.intake import Intake, Parked
from graphchat_bots.log import note
from graphchat_bots.mailbox import SLOTS, Mailboxes
from graphchat_bots.outbox import Outbox
from graphchat_bots.pace import Pace
from graphchat_bots.plan import Plan
from graphchat_bots.port import Incoming, Port
from graphchat_bots.store import BotStore, Outcome
from graphchat_bots.surroundings import Surroundings
from graphchat_bots.turn import Job

Work = Incoming | Parked | Job

# Seconds between two looks for what is too old to be kept.
SWEEP: Final = 3600.0
# Seconds after which a transaction hangs.
LONGEST_COMMIT: Final = 60.0


class Runtime:
    """One run of one bot. `run` ends after `stop`, or by cancellation, which is a crash."""

    def __init__(
        self,
        plan: Plan,
        port: Port,
        store: BotStore,
        surroundings: Surroundings,
    ) -> None:
        timer, limits = surroundings.timer, surroundings.limits
        self.activity: Final = Activity()
        self._port = port
        self._store = store
        self._timer = timer
        self._limits = limits
        self._stopping = asyncio.Event()
        self._roles = Roles(store, timer, surroundings.folder)
        self._pace = Pace(timer, limits)
        every = limits.stream_every.total_seconds()
        self._growing = Growing(port, store, timer, every)
        self.figures: Final = surroundings.figures
        services = Services(self._roles, port, self._growing, self.figures)
        self._dispatch = Dispatch(plan, store, surroundings, services)
        self._handling = Handling(self._dispatch, store, surroundings, self._roles)
        self.begun: Final = asyncio.Event()
        """Is set when `gauges` can be asked."""
        self.receives = False
        """Whether it takes events from the network: it has begun, and is not stopping."""
        self._intake = Intake(port, store, timer, self.activity)
        self._agenda = Agenda(store, timer, self.activity, self._start_job)
        self._inlet = surroundings.inlet or Inlet(plan, store)
        self._crons = plan.crons
        self._agenda.stir()  # not idle before it has looked
        self._inlet.open(Open(self.activity, timer, self._agenda.stir))

    async def idle(self, chat: str | None = None) -> None:
        """Wait until there is nothing to do now, in ``chat`` or at all."""
        while self.activity.busy(chat) or self.activity.busy(SELF):
            await self.activity.idle(SELF)
            await self.activity.idle(chat)

    def stop(self) -> None:
        """Receive nothing more, let handlers that have begun end, then end `run`."""
        self.receives = False
        self._stopping.set()

    def is_alive(self) -> bool:
        """Say whether the writer gets on; if not, only a restart helps."""
        return self._store.commits.took < LONGEST_COMMIT

    async def gauges(self) -> Mapping[str, float]:
        """Return what stands now, by the names in `graphchat_bots.exposition`."""
        commits, outbox = self._store.commits, self._outbox
        return {
            "waiting": self._mailboxes.waiting,
            "chats": self.activity.count,
            "outbox": outbox.room.held,
            "outbox_age_seconds": outbox.age,
            "jobs_due": await self._store.count_due(self._timer.now()),
            "dead_letters": await self._store.count_dead_letters(),
            "sent": outbox.sent,
            "unsent": outbox.unsent,
            "commits": commits.count,
            "committed": commits.works,
        }

    async def run(self) -> None:
        """Run until `stop` was called and what had begun has ended, or its time is over."""
        try:
            await self._run()
        finally:
            self._inlet.close()
            self._dispatch.close()

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(self._store.commits.run())
            self._outbox = Outbox(self._port, self._store, self._timer, self.activity, self._pace)
            self._outbox.begin(tasks)
            self._mailboxes = Mailboxes[Work](self._handle, tasks, SLOTS)
            await self._roles.load()
            self._growing.is_behind = self._outbox.is_behind
            await self._growing.load()
            self.begun.set()
            await self._outbox.recover()
            await catch_up(self._store, self._crons, self._timer)
            await self._serve(tasks)
            writer.cancel()
        await self._store.commits.finish()
        await self._store.end()

    async def _serve(self, tasks: asyncio.TaskGroup) -> None:
        loops = [
            tasks.create_task(self._intake.receive(self._mailboxes.put, self._mailboxes.depth)),
            tasks.create_task(self._agenda.run()),
            tasks.create_task(self._sweep()),
        ]
        acknowledging = tasks.create_task(self._intake.acknowledge())
        self.receives = not self._stopping.is_set()
        await self._stopping.wait()
        self.receives = False
        self._inlet.close()
        for loop in loops:
            loop.cancel()
        await self._drain()
        acknowledging.cancel()
        self._mailboxes.kill()
        self._outbox.kill()

    async def _drain(self) -> None:
        self._agenda.close()
        for chat in self._mailboxes.close():
            self.activity.end(chat)  # neither begun nor acknowledged: it comes again
        try:
            async with asyncio.timeout(self._limits.drain.total_seconds()):
                await self.activity.idle()
        except TimeoutError:
            note("warning", "stopped before everything had ended; the rest comes again")

    async def _handle(self, work: Work) -> None:
        outcome = None
        if isinstance(work, Job):
            outcome = await self._handling.job(work)
            self._follow(outcome)
            self._agenda.ended(work)
            self.activity.end(work.chat)
        elif (incoming := await self._intake.unpark(work)) is not None:
            outcome = await self._handling.incoming(incoming)
            self._follow(outcome)
            self._intake.done(incoming.id, incoming.chat)
        for chat in {work.chat, *(said.chat for said in outcome.messages)} if outcome else ():
            await self._outbox.wait(chat)

    def _follow(self, outcome: Outcome | None) -> None:
        if outcome is None:
            return
        self._outbox.put(outcome.messages)
        if outcome.jobs or outcome.again:
            self._agenda.stir()

    def _start_job(self, job: Job) -> None:
        self.activity.begin(job.chat)
        self._mailboxes.put(job.chat, job)

    async def _sweep(self) -> None:
        while True:
            await insist(
                "sweeping", lambda: self._store.forget_old(self._timer.now()), self._timer
            )
            await asyncio.sleep(SWEEP)
