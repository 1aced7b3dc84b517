"""What has to be done at a relay for a handshake: tried until it succeeds or is refused.

Every step can be repeated: a queue that is secured with the same key stays secured, a second
copy of a confirmation is ignored, a queue that is gone is gone.
"""

import asyncio
import logging
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, assert_never

import msgspec

from graphchat.client import accept, lanes, rows
from graphchat.client.apply import Applier
from graphchat.client.context import Job
from graphchat.client.devices import branching
from graphchat.client.live import FIRST_RETRY, LAST_RETRY, relay_of
from graphchat.client.queues import make_lanes
from graphchat.client.slots import Slots
from graphchat.client.stored import (
    AcceptWork,
    AttachWork,
    JoinWork,
    OfferWork,
    PutWork,
    RemoveWork,
    SecureWork,
    WidenWork,
    Work,
)
from graphchat.crypto.keys import SigningKey
from graphchat.errors import (
    BadRequestError,
    GraphchatError,
    NotFoundError,
    QuotaError,
    RateError,
    RelayUnreachableError,
    RemoteProtocolError,
    UnauthorizedError,
)
from graphchat.ids import QueueId
from graphchat.transport.ports import Transport
from graphchat.wire.limits import OPEN_QUEUE_DAYS

if TYPE_CHECKING:
    from graphchat.client.engine import Engine

# Requests at the same time, in all and to one host: to our relays, and to those that others
# name, who may never answer.
OWN: Final = (8, 4)
OTHERS: Final = (16, 2)
# Seconds after the first failure: an open queue lives no longer.
LONGEST: Final = OPEN_QUEUE_DAYS * 24 * 3600.0

log = logging.getLogger("graphchat.client")


class Worker:
    """Does the stored work of all connections, each piece in a task of its own."""

    def __init__(self, engine: "Engine") -> None:
        self._engine: Final = engine
        self._context: Final = engine.context
        self._own: Final = Slots(*OWN)
        self._others: Final = Slots(*OTHERS)
        self._tasks: set[asyncio.Task[None]] = set()
        self._retry = asyncio.Event()

    def hire(self, job: Job) -> None:
        if isinstance(work := job.work, RemoveWork):
            relay = relay_of(work.relay, work.base)
            self._engine.links.forget(work.profile, relay, work.recipient_id)
        task = asyncio.create_task(self._do(job), name=f"graphchat work {job.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def retry_now(self) -> None:
        """Try everything that waits at once: the network is back."""
        self._retry.set()
        self._retry = asyncio.Event()

    async def settled(self) -> None:
        """Return once nothing is left to do at relays."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _do(self, job: Job) -> None:
        delay, first = FIRST_RETRY, not job.tried
        while (error := await self._attempt(job, first=first)) is not None:
            job, first = self._dated(job), first and self._undone(job, error)
            wait = max(delay, error.retry_after) if isinstance(error, RateError) else delay
            jitter = self._context.clock.random(1)[0] / 255
            with suppress(TimeoutError):
                async with asyncio.timeout(wait * (0.75 + jitter / 2)):
                    await self._retry.wait()
            delay = min(delay * 2, LAST_RETRY)

    async def _attempt(self, job: Job, *, first: bool) -> Exception | None:
        """Try once; return why it is to be tried again."""
        try:
            return await self._once(job, first=first)
        except GraphchatError as error:
            return error
        except Exception as error:  # noqa: BLE001 - no fault may end the work for good
            log.error("work of the client failed: %s", type(error).__name__)  # noqa: TRY400 - a trace may quote content
            return error

    async def _once(self, job: Job, *, first: bool) -> GraphchatError | None:
        unsigned = isinstance(job.work, PutWork)
        try:
            async with self._slot(job.work):
                if first and unsigned:
                    await self._engine.do(partial(self._try, job))
                await self._perform(job)
        except NotFoundError:
            await self._engine.do(partial(self._done, job))
        except GraphchatError as error:
            final = isinstance(error, BadRequestError | RemoteProtocolError)
            # What we sign ourselves may be refused because a clock is wrong, which heals.
            if final or (unsigned and isinstance(error, UnauthorizedError)):
                await self._engine.do(partial(self._refused, job, sure=first))
            elif self._is_over(job.work, error):
                await self._engine.do(partial(self._refused, job, sure=True))
            else:
                return error
        return None

    def _slot(self, work: Work) -> AbstractAsyncContextManager[None]:
        match work:
            case PutWork(base=base):
                return self._others.at(base)
            case AcceptWork() | WidenWork() | JoinWork() | OfferWork() | AttachWork():
                return self._own.at("")
            case SecureWork(base=base) | RemoveWork(base=base):
                return self._own.at(base)

    def _is_over(self, work: Work, error: GraphchatError) -> bool:
        """Tell whether work has failed for so long that it cannot succeed any more."""
        if not work.since or self._context.clock.now() - work.since < LONGEST:
            return False
        # A queue that was secured lives on at a relay that is away.
        return not isinstance(work, RemoveWork) or isinstance(error, UnauthorizedError)

    def _dated(self, job: Job) -> Job:
        """Note when work failed for the first time, as the clock says now."""
        now = self._context.clock.now()
        if 0 < job.work.since <= now:
            return job
        job = replace(job, work=msgspec.structs.replace(job.work, since=now))
        self._engine.soon(partial(self._change, job))
        return job

    def _undone(self, job: Job, error: Exception) -> bool:
        """Tell whether nothing can have got through; a refusal still means something then."""
        heard = not isinstance(error, RelayUnreachableError) or error.heard
        if heard and not isinstance(error, QuotaError | RateError):
            return False
        self._engine.soon(partial(self._untry, job))
        return True

    async def _untry(self, job: Job, turn: Applier) -> None:
        turn.unit.write(rows.try_work(job.id, 0))

    async def _change(self, job: Job, turn: Applier) -> None:
        turn.unit.write(rows.change_work(job.id, job.work))

    async def _perform(self, job: Job) -> None:
        transport, work = await self._transport(job), job.work
        match work:
            case PutWork(relay=relay, base=base, sender_id=queue, envelope=envelope):
                await transport.put(relay_of(relay, base), QueueId(queue), envelope)
            case SecureWork():
                await transport.secure(
                    relay_of(work.relay, work.base),
                    QueueId(work.recipient_id),
                    SigningKey(work.recipient_key),
                    work.sender_key,
                )
            case RemoveWork():
                await transport.remove(
                    relay_of(work.relay, work.base),
                    QueueId(work.recipient_id),
                    SigningKey(work.recipient_key),
                )
            case AcceptWork():
                await self._accept(job, transport)
                return
            case WidenWork() | JoinWork():
                await self._add_lane(job, work, transport)
                return
            case OfferWork():
                await branching.make_offer(self._context.devices, job, work)
                return
            case AttachWork():
                await branching.attach(self._context.devices, job, work)
                return
            case _:
                assert_never(work)
        await self._engine.do(partial(self._done, job))

    async def _transport(self, job: Job) -> Transport:
        """Return the transport of the profile whose work it is. Raises `NotFoundError`."""
        if isinstance(job.work, RemoveWork):
            return self._context.transport.of(job.work.profile)
        assert job.connection is not None
        return self._context.transport.of((await self._engine.live(job.connection)).profile)

    async def _accept(self, job: Job, transport: Transport) -> None:
        assert job.connection is not None
        live = await self._engine.live(job.connection)
        wanted = len(live.connection.state.handshake.peer_lanes)
        relays, clock = lanes.best(self._context), self._context.clock
        fresh = await make_lanes(transport, relays, wanted, clock, distinct=False)

        async def answer(turn: Applier) -> None:
            await accept.with_lanes(turn, await self._engine.live(live.id), fresh)
            await self._done(job, turn)

        await self._engine.do(answer)
        self._engine.receiver.subscribe(live.profile, fresh)

    async def _add_lane(self, job: Job, work: WidenWork | JoinWork, transport: Transport) -> None:
        """Make a queue for a lane that comes later, and offer it or take it up."""
        assert job.connection is not None
        live = await self._engine.live(job.connection)
        relays = lanes.choose(self._context, live, work.shun)
        [fresh] = await make_lanes(transport, relays, 1, self._context.clock, distinct=True)
        fresh.number = work.lane

        async def add(turn: Applier) -> None:
            await lanes.add(turn, await self._engine.live(live.id), work, fresh)
            await self._done(job, turn)
            turn.unit.after(partial(self._engine.receiver.subscribe, live.profile, [fresh]))

        await self._engine.do(add)

    async def _try(self, job: Job, turn: Applier) -> None:
        # A refusal means something only if no earlier copy can have got through.
        turn.unit.write(rows.try_work(job.id, 1))

    async def _done(self, job: Job, turn: Applier) -> None:
        turn.unit.write(rows.drop_work(job.id))
        live = self._context.lives.get(job.connection or 0)
        if live is not None and isinstance(job.work, PutWork):
            turn.unit.after(partial(setattr, live, "asked", True))  # noqa: FBT003
            turn.unit.after(self._context.pulses[live.id].beat)

    async def _refused(self, job: Job, turn: Applier, *, sure: bool) -> None:
        turn.unit.write(rows.drop_work(job.id))
        if job.connection is None:
            return
        with suppress(NotFoundError):
            live = await self._engine.live(job.connection)
            if isinstance(job.work, AcceptWork):
                turn.give_up(live)
            elif isinstance(job.work, PutWork) and sure:
                await accept.put_refused(turn, live)
