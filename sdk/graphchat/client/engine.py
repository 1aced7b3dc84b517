"""The one loop that changes anything: it gathers jobs, commits them together, then acts.

Rule: state is stored before it is sent. A job changes loaded machines and collects rows; when
the commit fails, what was loaded is dropped and comes back from the database.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

from graphchat.client import controls, introductions, load
from graphchat.client.apply import Applier
from graphchat.client.context import Context
from graphchat.client.devices.driver import Devices
from graphchat.client.devices.old import Pump as OldLines
from graphchat.client.expiry import Expiry
from graphchat.client.files.uploads import Uploads
from graphchat.client.flow import Flow
from graphchat.client.groups.keeper import Keeper
from graphchat.client.groups.registry import Groups
from graphchat.client.links import Links
from graphchat.client.live import Live
from graphchat.client.pulse import Pulse
from graphchat.client.receive import Receiver
from graphchat.client.unit import Unit
from graphchat.client.worker import Worker
from graphchat.errors import GraphchatError, NotFoundError, RelayError, StateError
from graphchat.ids import QueueId
from graphchat.store.finish import to_the_end
from graphchat.transport.ports import Delivery
from graphchat.wire.uri import RelayAddress

T = TypeVar("T")
JobFunction = Callable[[Applier], Awaitable[T]]

# Jobs in one commit, at most: a batch stays short enough for a person not to notice.
BATCH: Final = 64
# Seconds that closing waits for receipts to leave.
FAREWELL: Final = 2.0
CLOSED: Final = "The client was closed."

log = logging.getLogger("graphchat.client")


@dataclass(frozen=True, slots=True)
class _Pending:
    job: JobFunction[Any]
    future: asyncio.Future[Any] | None
    lost: Callable[[], None] | None = None
    """What to do if it could not be committed."""

    def succeed(self, result: object) -> None:
        if self.future is not None and not self.future.done():
            self.future.set_result(result)

    def fail(self, error: Exception) -> bool:
        """Tell whoever waits; return False if nobody does."""
        if self.lost is not None:
            self.lost()
        if self.future is None:
            return False
        if not self.future.done():
            self.future.set_exception(error)
        return True

    def give_up(self) -> None:
        """Tell whoever waits that the client is closed."""
        if self.future is not None and not self.future.done():
            self.future.set_exception(StateError(CLOSED))


class Engine:
    """Runs one client. Everything that changes state goes through `do` or `soon`."""

    def __init__(self, context: Context) -> None:
        self.context: Final = context
        self.links: Final = Links(context, self)
        self.flow: Final = Flow(context, self.links)
        self.worker: Final = Worker(self)
        self.receiver: Final = Receiver(self)
        self._pending: deque[_Pending] = deque()
        self._wake = asyncio.Event()
        self._dues: dict[int, float] = {}
        self.answers: Final = Pulse()
        self._loop: asyncio.Task[None] | None = None
        self._closed = False
        context.hire = self.worker.hire
        context.hand_over = self.flow.hand_over
        context.subscribe, context.find = self.receiver.subscribe, self.find
        context.looks.append(self._look)
        self.expiry: Final = Expiry(context)
        context.controls = controls.HANDLERS
        context.groups = Groups(self)
        self._keeper: Final = Keeper(context.groups)
        self.uploads: Final = Uploads(self)
        context.uploads = self.uploads
        context.devices = Devices(self)
        self._old_lines: Final = OldLines(context.devices)

    # Life

    async def start(self) -> None:
        """Take up what the database says, and connect to the relays."""
        found = await self.context.database.read(partial(load.start, self.context))
        await self.expiry.start()
        await self.context.groups.start()
        await self.context.devices.start()
        self._loop = asyncio.create_task(self._run(), name="graphchat engine")
        for row_id in found.active:
            self.soon(partial(self._resume, row_id))
        for job in found.jobs:
            self.worker.hire(job)
        await self.receiver.subscribe_all()
        self._keeper.start()
        await self.uploads.start()
        self._old_lines.start()

    async def close(self) -> None:
        """Send the receipts that are owed, then stop. Nothing is lost by not waiting."""
        if self._loop is None:
            return
        await self.context.desk.close()
        try:
            # The disk may refuse; what is owed is told when the client is open again.
            with suppress(TimeoutError, GraphchatError):
                async with asyncio.timeout(FAREWELL):
                    await self._farewell()
        finally:
            await to_the_end(self._stop(self._loop))

    async def _stop(self, loop: asyncio.Task[None]) -> None:
        self._closed = True
        # First who makes changes, then whom changes would wake again.
        await self._keeper.close()
        await self.uploads.close()
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
        for pending in self._pending:
            pending.give_up()
        self.context.end()
        await self.expiry.close()
        await self.worker.close()
        await self.receiver.close()
        await self.links.close()

    async def _farewell(self) -> None:
        async def hurry(turn: Applier) -> None:
            for live in self.context.lives.values():
                live.connection.hurry()
                for traffic in live.traffic.values():
                    traffic.recovered()
                await self._tick(live.id, turn)

        await self.do(hurry)
        lives = self.context.lives.values()
        while any(traffic.handed for live in lives for traffic in live.traffic.values()):
            await self.answers.wait()

    # Jobs

    async def do(self, job: JobFunction[T]) -> T:
        """Have ``job`` done and committed; return its result, or raise what it raised.

        Raises `StateError` if the client is closed.
        """
        if self._closed:
            raise StateError(CLOSED)
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._add(_Pending(job, future))
        return await future

    def soon(self, job: JobFunction[Any]) -> None:
        """Have ``job`` done; nobody waits for it."""
        self._add(_Pending(job, None))

    def _add(self, pending: _Pending) -> None:
        if not self._closed:
            self._pending.append(pending)
            self._wake.set()

    async def _run(self) -> None:
        while True:
            if not self._pending:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._until_due()):
                        await self._wake.wait()
            self._wake.clear()
            size = min(BATCH, len(self._pending))
            batch = [self._pending.popleft() for _ in range(size)]
            batch += [_Pending(partial(self._tick, row_id), None) for row_id in self._take_due()]
            await self._batch(batch)

    async def _batch(self, batch: Sequence[_Pending]) -> None:
        """Do and commit all of ``batch`` together; if that fails, one by one."""
        if not batch:
            return
        unit = Unit()
        turn = Applier(self.context, unit)
        try:
            results = [await pending.job(turn) for pending in batch]
            await self._seal(turn)
            await unit.commit(self.context.database)
        except asyncio.CancelledError:
            for pending in batch:
                pending.give_up()
            raise
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asked for the job
            self._drop(unit)
            await self._one_by_one(batch, error)
            return
        _act(unit)
        for pending, result in zip(batch, results, strict=True):
            pending.succeed(result)
        for live in unit.stirred:
            live.trim()
            self._plan(live)

    async def _one_by_one(self, batch: Sequence[_Pending], error: Exception) -> None:
        """Find the job that cannot be done; the others are done once more."""
        if len(batch) > 1:
            try:
                for pending in batch:
                    await self._batch([pending])
            except asyncio.CancelledError:
                for pending in batch:
                    pending.give_up()
                raise
        elif not batch[0].fail(error):
            # The message may name what it failed on; the kind of the error does not.
            log.error("a task of the client failed: %s", type(error).__name__)

    def _drop(self, unit: Unit) -> None:
        """Forget machines that are ahead of the database."""
        unit.fail()
        for live in unit.involved:
            self.context.unload(live.id)
            self._add(_Pending(partial(self._resume, live.id), None))

    # Connections

    async def live(self, row_id: int) -> Live:
        """Return a connection, loaded. Raises `NotFoundError`."""
        live = self.context.lives.get(row_id)
        if live is None:
            found = await self.context.database.read(
                partial(load.connection, self.context, row_id)
            )
            if found is None:
                raise NotFoundError("There is no such contact any more.")
            # Somebody else may have loaded it in the meantime; there must be only one.
            live = self.context.lives.setdefault(row_id, found)
            self.links.watch(live)
        return live

    async def find(self, row_id: int) -> Live | None:
        """Return a connection, loaded, if it is there."""
        with suppress(NotFoundError):
            return await self.live(row_id)
        return None

    def _look(self) -> None:
        if introductions.is_due(self.context):
            self.soon(introductions.sweep)

    async def _resume(self, row_id: int, turn: Applier) -> None:
        with suppress(NotFoundError):
            await self.live(row_id)
            await self._tick(row_id, turn)

    async def _seal(self, turn: Applier) -> None:
        """Seal what is new for every lane that can carry it, within the same commit."""
        for live in turn.unit.stirred:
            self.links.watch(live)
            wanted = await self.flow.wanted(live)
            live.sealing = bool(wanted)
            for number, seq, frame in wanted:
                sealed = live.connection.seal(number, seq, frame.data, frame.signature)
                await turn.apply(live, [sealed])

    # Time

    def _plan(self, live: Live) -> None:
        """Note when ``live`` has something to do next."""
        moments = [
            live.connection.due,
            live.connection.lanes_due,
            self.flow.next_retry(live),
        ]
        if live.sealing and self.flow.has_more(live):
            moments.append(self.context.clock.monotonic())
        known = [moment for moment in moments if moment is not None]
        if known:
            self._dues[live.id] = min(known)
            self._wake.set()
        else:
            self._dues.pop(live.id, None)

    def _until_due(self) -> float | None:
        first = min(self._dues.values(), default=None)
        return None if first is None else max(0.0, first - self.context.clock.monotonic())

    def _take_due(self) -> list[int]:
        now = self.context.clock.monotonic()
        ready = [row_id for row_id, due in self._dues.items() if due <= now]
        for row_id in ready:
            del self._dues[row_id]
        return ready

    async def _tick(self, row_id: int, turn: Applier) -> None:
        live = self.context.lives.get(row_id)
        if live is None:
            return
        for number, lane in live.connection.lanes.items():
            if (relay := live.lane_relay(number)) is not None:
                lane.state.away_since = self.context.health.down_since(relay)
        # Before its machine changes: whatever happens then, what is not stored is loaded anew.
        turn.unit.stir(live)
        effects = live.connection.tick(self.flow.available(live))
        if effects:
            await turn.apply(live, effects)
        for number in live.traffic:
            turn.unit.after(partial(self.flow.hand_over, live, number))

    # What the sockets say

    def link_up(self, profile: int, relay: RelayAddress) -> None:
        # Where one relay answers again, others may.
        self.worker.retry_now()
        self.uploads.retry_now()
        for row_id in self.links.of(profile, relay).lives:
            self.soon(partial(self._tick, row_id))

    def deliveries(
        self, profile: int, relay: RelayAddress, deliveries: Sequence[Delivery]
    ) -> None:
        queues = list({delivery.queue for delivery in deliveries})
        lost = partial(self.receiver.redeliver, profile, relay, queues)
        self._add(_Pending(partial(self.receiver.take, profile, relay, deliveries), None, lost))

    def answer(self, tag: int, error: RelayError | None) -> None:
        async def answered(turn: Applier) -> None:
            live = self.flow.answered(turn.unit, tag, error)
            turn.unit.after(self.answers.beat)
            if live is not None:
                turn.unit.stir(live)

        self.soon(answered)

    def room(self, sender: QueueId) -> None:
        async def go_on(turn: Applier) -> None:
            for live in self.flow.room(sender):
                await self._tick(live.id, turn)

        self.soon(go_on)


def _act(unit: Unit) -> None:
    """Do what follows a commit; what is stored stays stored, whatever happens here."""
    for action in unit.actions:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - the next action belongs to somebody else
            log.error("an action of the client failed: %s", type(error).__name__)  # noqa: TRY400 - a trace may quote content
