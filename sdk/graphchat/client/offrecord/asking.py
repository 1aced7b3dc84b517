"""Asking for a chat off the record, and answering: over the connection that is there, unsigned."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from graphchat.client.engine import Engine
from graphchat.client.live import Live
from graphchat.client.offrecord.circuit import Circuit
from graphchat.client.offrecord.session import IDLE, OffTheRecord, Setting
from graphchat.content import OffRecord, OtrEnd
from graphchat.core.offrecord import NO_LONGER, Negotiation
from graphchat.errors import GraphchatError, StateError

if TYPE_CHECKING:
    from graphchat.client.apply import Applier
    from graphchat.core.lane import LaneState

# Seconds until an ask is said again, which doubles: no receipt tells that it came.
AGAIN: Final = 1.0
SLOWEST: Final = 8.0
# Asks at most: more would fill the queue of somebody who is away.
MOST: Final = 24
ALREADY: Final = "You are off the record with them already, or ask for it."


@dataclass(frozen=True, slots=True)
class Wish:
    """What whoever asks, or accepts, can choose. Times are seconds."""

    patience: float = 120.0
    """How long to ask."""
    idle: float = IDLE


async def ask(engine: Engine, row_id: int, wish: Wish) -> OffTheRecord:
    """Ask for a chat, or accept theirs if they ask; return it once both are there.

    Raises `StateError` if it does not come about, `RelayError` if no relay of ours answers.
    """
    live, talks = await _talks(engine, row_id)
    if talks.state.theirs is not None:
        return await accept(engine, row_id, wish)
    if talks.state.own or talks.state.agreed:
        raise StateError(ALREADY)
    circuit = Circuit.new(engine.context)
    queues = await circuit.queues(engine.context, live)
    try:
        talks.ask(queues)
        async with asyncio.timeout(wish.patience):
            await _until_agreed(engine, live, talks)
    except BaseException as error:
        await _give_up(engine, live, talks, circuit, queues)
        if isinstance(error, TimeoutError):
            raise StateError(
                f"{live.name} has not answered. Both have to be online: agree on a time, or ask"
                " again later."
            ) from None
        raise
    return await _open(engine, live, talks, circuit, wish)


async def accept(engine: Engine, row_id: int, wish: Wish) -> OffTheRecord:
    """Accept what they ask. Raises as `ask`, and `StateError` if they ask nothing."""
    live, talks = await _talks(engine, row_id)
    if talks.state.theirs is None:
        raise StateError(NO_LONGER)
    if (old := engine.context.desk.sessions.get(live.id)) is not None:
        # They would not ask if that one was alive.
        await old.end()
    circuit = Circuit.new(engine.context)
    queues = await circuit.queues(engine.context, live)
    try:
        answer = talks.accept(queues)
        await engine.do(partial(_say, engine, live.id, answer))
    except BaseException:
        await circuit.leave(queues)
        raise
    return await _open(engine, live, talks, circuit, wish)


async def reject(engine: Engine, row_id: int) -> None:
    """Tell them that we do not want what they ask. Raises `StateError` if they ask nothing."""
    live, talks = await _talks(engine, row_id)
    if talks.state.theirs is None:
        raise StateError(NO_LONGER)
    await engine.do(partial(_say, engine, live.id, talks.end()))


async def asked(engine: Engine, row_id: int) -> None:
    """Return once they ask. Raises `StateError` if they never can."""
    live, talks = await _talks(engine, row_id)
    pulse = engine.context.pulses[live.id]
    while talks.state.theirs is None:
        await pulse.wait()


def again(engine: Engine, live: Live) -> None:
    """Say our answer once more: they have not got it."""
    if (talks := engine.context.desk.talks.get(live.id)) is not None:
        engine.soon(partial(_say, engine, live.id, talks.state.answer))


async def _talks(engine: Engine, row_id: int) -> tuple[Live, Negotiation]:
    live = await engine.live(row_id)
    return live, engine.context.desk.of(engine.context, live)


async def _until_agreed(engine: Engine, live: Live, talks: Negotiation) -> None:
    """Ask until they answer, or ask themselves."""
    pulse, pause, left = engine.context.pulses[live.id], AGAIN, MOST
    while talks.state.agreed is None:
        count = pulse.count
        if talks.state.refused:
            raise StateError(f"{live.name} does not want to talk off the record now.")
        if talks.crossed:
            answer = talks.accept(talks.state.own_lanes)
            await engine.do(partial(_say, engine, live.id, answer))
            return
        if left and await engine.do(partial(_say, engine, live.id, talks.state.own)):
            left -= 1
            pause = min(pause * 2, SLOWEST)
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await pulse.wait(count)


async def _say(engine: Engine, row_id: int, message: OffRecord | None, turn: "Applier") -> bool:
    """Say something by all lanes that can carry it now; tell whether there is one."""
    live = await engine.live(row_id)
    available = engine.flow.available(live)
    if message is None or not available:
        return False
    await turn.apply(live, [*live.connection.unsigned(message, available)])
    return True


async def _give_up(
    engine: Engine,
    live: Live,
    talks: Negotiation,
    circuit: Circuit,
    queues: "list[LaneState]",
) -> None:
    with suppress(GraphchatError):
        await engine.do(partial(_say, engine, live.id, talks.end()))
    await circuit.leave(queues)


async def _open(
    engine: Engine, live: Live, talks: Negotiation, circuit: Circuit, wish: Wish
) -> OffTheRecord:
    desk, agreed = engine.context.desk, talks.state.agreed
    if agreed is None:
        raise StateError(NO_LONGER)

    def farewell() -> OtrEnd | None:
        desk.sessions.pop(live.id, None)
        here = talks.state.agreed
        return talks.end() if here is not None and here.id == agreed.id else None

    chat = OffTheRecord(Setting(engine.context, live, circuit, agreed, wish.idle, farewell))
    desk.sessions[live.id] = chat
    await chat.begin()
    return chat
