"""What has to be done at a relay for a handshake: tried until it succeeds or is refused.

Every step can be repeated: a queue that is secured with the same key stays secured, a second
copy of a confirmation is ignored, a queue that is gone is gone.
"""

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, assert_never

from graphchat.client import accept, rows
from graphchat.client.apply import Applier
from graphchat.client.context import Job
from graphchat.client.live import FIRST_RETRY, LAST_RETRY, relay_of
from graphchat.client.queues import make_lanes
from graphchat.client.stored import AcceptWork, PutWork, RemoveWork, SecureWork
from graphchat.crypto.keys import SigningKey
from graphchat.errors import (
    BadRequestError,
    GraphchatError,
    NotFoundError,
    RateError,
    RemoteProtocolError,
    UnauthorizedError,
)
from graphchat.ids import QueueId

if TYPE_CHECKING:
    from graphchat.client.engine import Engine

# Requests to relays at the same time.
PARALLEL: Final = 8


class Worker:
    """Does the stored work of all connections, each piece in a task of its own."""

    def __init__(self, engine: "Engine") -> None:
        self._engine: Final = engine
        self._context: Final = engine.context
        self._slots = asyncio.Semaphore(PARALLEL)
        self._tasks: set[asyncio.Task[None]] = set()
        self._retry = asyncio.Event()

    def hire(self, job: Job) -> None:
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
        while True:
            wait = delay
            try:
                async with self._slots:
                    if first and isinstance(job.work, PutWork):
                        await self._engine.do(partial(self._try, job))
                    return await self._perform(job)
            except (UnauthorizedError, BadRequestError, RemoteProtocolError):
                # It will not be allowed later either: the queue is gone, or somebody else's.
                return await self._engine.do(partial(self._refused, job, sure=first))
            except RateError as error:
                wait = max(delay, error.retry_after)
            except NotFoundError:
                return await self._engine.do(partial(self._done, job))
            except GraphchatError:
                pass
            first = False
            jitter = self._context.clock.random(1)[0] / 255
            with suppress(TimeoutError):
                async with asyncio.timeout(wait * (0.75 + jitter / 2)):
                    await self._retry.wait()
            delay = min(delay * 2, LAST_RETRY)

    async def _perform(self, job: Job) -> None:
        transport, work = self._context.transport, job.work
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
                await self._accept(job)
                return
            case _:
                assert_never(work)
        await self._engine.do(partial(self._done, job))

    async def _accept(self, job: Job) -> None:
        assert job.connection is not None
        live = await self._engine.live(job.connection)
        wanted = len(live.connection.state.handshake.peer_lanes)
        relays, clock = self._context.relays, self._context.clock
        lanes = await make_lanes(self._context.transport, relays, wanted, clock, distinct=False)

        async def answer(turn: Applier) -> None:
            await accept.with_lanes(turn, await self._engine.live(live.id), lanes)
            await self._done(job, turn)

        await self._engine.do(answer)
        self._engine.receiver.subscribe(live.profile, lanes)

    async def _try(self, job: Job, turn: Applier) -> None:
        # A refusal means something only if no earlier copy can have got through.
        turn.unit.write(rows.try_work(job.id))

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
                accept.put_refused(turn, live)
