"""One chat off the record: an engine over a database in memory, which nobody can read later."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Self

from graphchat.client import accept, rows
from graphchat.client.context import Context
from graphchat.client.engine import Engine
from graphchat.client.history import decode
from graphchat.client.live import Live
from graphchat.client.offrecord.circuit import Circuit
from graphchat.client.offrecord.desk import THEIRS
from graphchat.client.talking import SEND_TIMEOUT, Sendable, Talking
from graphchat.content import Message, OtrEnd, ProfileCard
from graphchat.core import offrecord, record
from graphchat.core.doubt import Schedule
from graphchat.core.frame import Frame
from graphchat.core.offrecord import Agreed
from graphchat.errors import GraphchatError, StateError
from graphchat.store import Cursor, Database

if TYPE_CHECKING:
    from graphchat.client.apply import Applier
    from graphchat.client.receipt import Receipt

IDLE: Final = 900.0
"""Seconds without a word, after which a chat ends."""
# Seconds until the other side has to be there, and that a goodbye may take.
MEETING: Final = 30.0
GOODBYE: Final = 3.0
# Seconds between looks at the clock: it may be set, or the machine may sleep.
LOOK: Final = 5.0
# A chat is over before a lane is old.
NEVER: Final = Schedule(lane_age=1e12, lane_frames=2**53, doubt=1e12, away=1e12, give_up=1e12)
SILENCE: Final = "Nobody has said anything for a while."
OURS: Final = "You have ended it."
GONE: Final = "They are not there any more. Ask again: graphchat otr CONTACT"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a chat takes from the client in which it is."""

    context: Context
    live: Live
    circuit: Circuit
    agreed: Agreed
    idle: float
    farewell: Callable[[], OtrEnd | None]
    """Forgets what was agreed on; returns what to say to the other side."""


class _Talk(Talking):
    async def met(self) -> None:
        """Return once the other side is there."""
        await self._until(lambda live: live.established)


class OffTheRecord:
    """A chat of which nothing is signed and nothing is stored, on either side.

    Use it with ``async with``, or `end` it: then all of it is gone. It ends by itself when the
    other side ends it, when the client is closed, and after 15 minutes without a word.
    """

    def __init__(self, setting: Setting) -> None:
        self._setting: Final = setting
        self._clock: Final = setting.context.clock
        self._stack: Final = AsyncExitStack()
        self._heard: Final[asyncio.Queue[Message | None]] = asyncio.Queue()
        self._over: Final = asyncio.Event()
        self._gone: Final = asyncio.Event()
        self._last = self._clock.monotonic()
        self._task: asyncio.Task[None] | None = None
        self.why = ""
        """Why it is over, in words for people; empty while it goes on."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end()

    @property
    def name(self) -> str:
        """Of the contact."""
        return self._setting.live.name

    async def send(
        self,
        message: Sendable,
        *,
        timeout: float = SEND_TIMEOUT,  # noqa: ASYNC109
    ) -> "Receipt":
        """Say something, and wait until a relay has it; see `Contact.send`.

        Raises `StateError` when the chat is over.
        """
        if self._over.is_set():
            raise StateError(f"The chat is over. {self.why}")
        self._last = self._clock.monotonic()
        return await self._talk.send(message, timeout=timeout)

    async def messages(self) -> AsyncIterator[Message]:
        """Yield what the other side says, until the chat is over. For one reader."""
        while (message := await self._heard.get()) is not None:
            yield message
        self._heard.put_nowait(None)

    def over(self, why: str) -> None:
        """Note that it is over; `ended` returns when nothing of it is left."""
        if not self._over.is_set():
            self.why = why
            self._over.set()

    async def end(self) -> None:
        """End it for both: the other side is told, the queues are deleted, all is forgotten."""
        self.over(OURS)
        await self._gone.wait()

    async def ended(self) -> None:
        """Return once it is over and nothing of it is left; `why` says how it ended."""
        await self._gone.wait()

    def __repr__(self) -> str:
        return "<OffTheRecord>"

    # Inside

    async def begin(self) -> None:
        """Start the engine, and return once both sides are there.

        Raises `StateError` if the other side does not come.
        """
        try:
            await self._start()
            async with asyncio.timeout(MEETING):
                await self._talk.met()
        except TimeoutError:
            await self._fail()
            raise StateError(GONE) from None
        except BaseException:
            await self._fail()
            raise
        self._task = asyncio.create_task(self._run(), name="off the record")

    async def _start(self) -> None:
        setting, number = self._setting, self._setting.circuit.number
        database = await self._stack.enter_async_context(Database.in_memory(self._clock))
        context = Context(database, setting.circuit.transport, self._clock, NEVER)
        context.relays = list(setting.context.relays)
        card = setting.context.cards[setting.live.profile]
        await database.write(partial(_profile, number, card))
        engine = Engine(context)
        self._stack.push_async_callback(engine.close)
        await engine.start()
        context.controls = {OtrEnd: self._told}
        machine, _, effects = offrecord.begin(setting.agreed, card, self._clock)
        machine.rotation.schedule = NEVER
        row_id = next(context.connection_ids)
        live = Live(row_id, number, "", "person", setting.live.trust, machine, {})
        self._live, self._engine, self._talk = live, engine, _Talk(engine, live)

        async def begin(turn: "Applier") -> None:
            lanes = [lane.state for lane in machine.lanes.values()]
            context.take_name(turn.unit, live, setting.live.name)
            turn.unit.write(rows.new_connection(live, self._clock.now()))
            accept.add_lanes(turn, live, lanes)
            context.lives[live.id] = live
            turn.unit.after(partial(engine.receiver.subscribe, number, lanes))
            await turn.apply(live, effects)

        await engine.do(begin)

    async def _told(self, turn: "Applier", _live: Live, _frame: Frame, _said: OtrEnd) -> None:
        """Hear goodbye, in the chat itself, after all that was said."""
        turn.unit.after(partial(self.over, THEIRS))

    async def _fail(self) -> None:
        self.over(GONE)
        self._setting.farewell()
        await self._leave()

    async def _run(self) -> None:
        """Hand on what comes, until it is over; then leave nothing."""
        hearing = asyncio.create_task(self._hear())
        try:
            await self._wait()
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
            with suppress(GraphchatError):
                await self._take(self._told_up_to)
            await self._stop()

    _told_up_to = 0

    async def _hear(self) -> None:
        news = self._engine.context.news[self._setting.circuit.number]
        while True:
            count = news.count
            self._told_up_to = await self._take(self._told_up_to)
            await news.wait(count)

    async def _take(self, last: int) -> int:
        """Hand on what came after row ``last``; return the last row."""
        for row_id, data in await self._engine.context.database.read(partial(_said, last)):
            self._last, last = self._clock.monotonic(), row_id
            self._heard.put_nowait(decode(data))
        return last

    async def _wait(self) -> None:
        while not self._over.is_set():
            left = self._last + self._setting.idle - self._clock.monotonic()
            if left <= 0:
                self.over(SILENCE)
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, LOOK)):
                    await self._over.wait()

    async def _stop(self) -> None:
        """Say goodbye, delete the queues, and drop the database with all that is in it."""
        farewell = self._setting.farewell()
        try:
            if farewell is not None and self.why != THEIRS:
                with suppress(TimeoutError, GraphchatError):
                    async with asyncio.timeout(GOODBYE):
                        await self._goodbye(farewell)
        finally:
            await self._leave()

    async def _goodbye(self, farewell: OtrEnd) -> None:
        async def say(turn: "Applier") -> None:
            await turn.say_control(self._live, farewell)

        await self._engine.do(say)
        await self._talk.flushed()

    async def _leave(self) -> None:
        try:
            await self._stack.aclose()
            await self._setting.circuit.leave(self._setting.agreed.lanes)
        finally:
            self._heard.put_nowait(None)
            self._gone.set()


def _said(last: int, cursor: Cursor) -> list[tuple[int, bytes]]:
    return cursor.execute(
        "SELECT id, data FROM client_message WHERE NOT outgoing AND id > ? ORDER BY id", (last,)
    ).fetchall()


def _profile(row_id: int, card: ProfileCard, cursor: Cursor) -> None:
    cursor.execute(
        "INSERT INTO client_profile (id, name, card, created_at) VALUES (?, ?, ?, 0)",
        (row_id, card.name, record.dump(card)),
    )
