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

from graphchat.client import load
from graphchat.client.address_state import OpenAddress
from graphchat.client.apply import Applier
from graphchat.client.context import AddressRoute, Context, LaneRoute
from graphchat.client.flow import Flow
from graphchat.client.links import Links
from graphchat.client.live import Live, relay_of
from graphchat.client.pulse import Pulse
from graphchat.client.receive import Receiver
from graphchat.client.unit import Unit
from graphchat.client.worker import Worker
from graphchat.core.lane import LaneState
from graphchat.crypto.keys import SigningKey
from graphchat.errors import NotFoundError, RelayError
from graphchat.ids import QueueId
from graphchat.transport.ports import Delivery
from graphchat.wire.uri import RelayAddress

T = TypeVar("T")
JobFunction = Callable[[Applier], Awaitable[T]]

# Jobs in one commit, at most: a batch stays short enough for a person not to notice.
BATCH: Final = 64
# Seconds that closing waits for receipts to leave.
FAREWELL: Final = 2.0
# Seconds until deliveries that could not be stored are asked for again.
REDELIVERY: Final = 5.0

log = logging.getLogger("graphchat.client")


@dataclass(frozen=True, slots=True)
class _Pending:
    job: JobFunction[Any]
    future: asyncio.Future[Any] | None
    lost: Callable[[], None] | None = None
    """What to do if it could not be committed."""


class Engine:
    """Runs one client. Everything that changes state goes through `do` or `soon`."""

    def __init__(self, context: Context) -> None:
        self.context: Final = context
        self.links: Final = Links(context.transport, self)
        self.flow: Final = Flow(context, self.links)
        self.worker: Final = Worker(self)
        self._receiver: Final = Receiver(self)
        self._pending: deque[_Pending] = deque()
        self._wake = asyncio.Event()
        self._dues: dict[int, float] = {}
        self.answers: Final = Pulse()
        self._chores: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None
        context.hire = self.worker.hire
        context.hand_over = self.flow.hand_over

    # Life

    async def start(self) -> None:
        """Take up what the database says, and connect to the relays."""
        found = await self.context.database.read(partial(load.start, self.context))
        self._loop = asyncio.create_task(self._run(), name="graphchat engine")
        for row_id in found.active:
            self.soon(partial(self._resume, row_id))
        for job in found.jobs:
            self.worker.hire(job)
        await self._receiver.subscribe_all()

    async def close(self) -> None:
        """Send the receipts that are owed, then stop. Nothing is lost by not waiting."""
        if self._loop is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL):
                await self._farewell()
        await self.worker.close()
        await self._receiver.close()
        for task in self._chores:
            task.cancel()
        await self.links.close()
        self._loop.cancel()
        await asyncio.gather(self._loop, return_exceptions=True)
        for pending in self._pending:
            if pending.future is not None:
                pending.future.cancel()

    async def _farewell(self) -> None:
        async def hurry(turn: Applier) -> None:
            for live in self.context.lives.values():
                live.connection.hurry()
                await self._tick(live.id, turn)

        await self.do(hurry)
        lives = self.context.lives.values()
        while any(traffic.handed for live in lives for traffic in live.traffic):
            await self.answers.wait()

    # Jobs

    async def do(self, job: JobFunction[T]) -> T:
        """Have ``job`` done and committed; return its result, or raise what it raised."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._add(_Pending(job, future))
        return await future

    def soon(self, job: JobFunction[Any]) -> None:
        """Have ``job`` done; nobody waits for it."""
        self._add(_Pending(job, None))

    def _add(self, pending: _Pending) -> None:
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
                if pending.future is not None:
                    pending.future.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asked for the job
            self._drop(unit)
            if len(batch) > 1:
                for pending in batch:
                    await self._batch([pending])
            else:
                self._fail(batch[0], error)
            return
        for pending, result in zip(batch, results, strict=True):
            if pending.future is not None and not pending.future.done():
                pending.future.set_result(result)
        for live in unit.stirred:
            live.trim()
            self._plan(live)

    def _fail(self, pending: _Pending, error: Exception) -> None:
        if pending.future is None:
            # The message may name what it failed on; the kind of the error does not.
            log.error("a task of the client failed: %s", type(error).__name__)
            if pending.lost is not None:
                pending.lost()
        elif not pending.future.done():
            pending.future.set_exception(error)

    def _drop(self, unit: Unit) -> None:
        """Forget machines that are ahead of the database."""
        unit.fail()
        for live in unit.stirred:
            if self.context.lives.pop(live.id, None) is not None:
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

    async def _resume(self, row_id: int, turn: Applier) -> None:
        with suppress(NotFoundError):
            turn.unit.stir(await self.live(row_id))

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
        moments = [live.connection.due, self.flow.next_retry(live)]
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
        effects = live.connection.tick(self.flow.available(live))
        if effects:
            await turn.apply(live, effects)
        turn.unit.stir(live)
        for number in range(len(live.traffic)):
            turn.unit.after(partial(self.flow.hand_over, live, number))

    # Queues

    def subscribe(self, profile: int, lanes: Sequence[LaneState]) -> None:
        """Receive from new queues of ours."""
        for lane in lanes:
            relay = relay_of(lane.relay, lane.base)
            key = SigningKey(lane.recipient_key)
            self.links.subscribe(profile, relay, lane.recipient_id, key)

    def subscribe_address(self, address: OpenAddress) -> None:
        """Receive requests from the queues of an address of ours."""
        self._receiver.subscribe_address(address)

    async def recipient_key(self, queue: QueueId) -> SigningKey | None:
        """Return the key of a queue of ours; None if it is given up."""
        match self.context.routes.get(queue):
            case LaneRoute(connection=row_id, lane=number):
                with suppress(NotFoundError):
                    live = await self.live(row_id)
                    return SigningKey(live.connection.lanes[number].state.recipient_key)
            case AddressRoute(address=row_id, lane=number):
                lane = self.context.addresses[row_id].state.lanes[number]
                return SigningKey(lane.recipient_key)
            case None:
                pass
        return None

    def redeliver(self, profile: int, relay: RelayAddress, queues: Sequence[QueueId]) -> None:
        """Have the relay send again what could not be stored, after a while."""

        async def again() -> None:
            await asyncio.sleep(REDELIVERY)
            link = self.links.of(profile, relay).link
            for queue in queues:
                if (key := await self.recipient_key(queue)) is not None:
                    link.unsubscribe(queue)
                    link.subscribe(queue, key)

        task = asyncio.create_task(again())
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    # What the sockets say

    def link_up(self, profile: int, relay: RelayAddress) -> None:
        for row_id in self.links.of(profile, relay).lives:
            self.soon(partial(self._tick, row_id))

    def deliveries(
        self, profile: int, relay: RelayAddress, deliveries: Sequence[Delivery]
    ) -> None:
        queues = list({delivery.queue for delivery in deliveries})
        lost = partial(self.redeliver, profile, relay, queues)
        self._add(_Pending(partial(self._receiver.take, profile, relay, deliveries), None, lost))

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
