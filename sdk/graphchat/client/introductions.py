"""Introducing two contacts to each other, and being introduced.

The machine is `graphchat.core.introduction`; docs/protocol.md, section 27.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from graphchat.client import accept as accepting, codes, reach, rows
from graphchat.client.apply import Applier
from graphchat.client.context import Context, Job
from graphchat.client.live import INTRODUCED, Live
from graphchat.client.queues import make_lanes
from graphchat.client.stored import (
    IntroducedRecord,
    IntroductionFailedRecord,
    IntroductionRecord,
    RemoveWork,
)
from graphchat.content import IntroAsk, IntroOffer
from graphchat.core import handshake, introduction as machine
from graphchat.core.frame import Frame
from graphchat.core.handshake import Phase
from graphchat.core.introduction import Forwarding, Meeting, Met, Odd, Stored
from graphchat.core.lane import LaneState
from graphchat.errors import RemoteProtocolError, StateError

if TYPE_CHECKING:
    from graphchat.client.engine import Engine

# Lanes of a connection that begins so, where the home has so many relays.
LANES: Final = 2
# Introductions by one contact that wait: more are dropped.
MOST: Final = 32
ID: Final = 16
EXPIRED: Final = "The other side, or somebody who introduced you, has not answered for a week."
DISAGREE: Final = (
    "Those who introduced you did not pass on the same: one of them may want to read along, or the"
    " two of you have not said yes to the same people. There is no connection. Meet in person, or"
    " ask to be introduced again."
)


# Introducing others


async def introduce(engine: "Engine", people: tuple[int, int], text: str) -> None:
    """Ask two contacts whether they want to meet. Raises `StateError` if that cannot be."""
    context = engine.context

    async def ask(turn: Applier) -> None:
        lives = [await engine.live(row_id) for row_id in people]
        cards = [live.connection.state.handshake.peer_profile for live in lives]
        if people[0] == people[1] or lives[0].profile != lives[1].profile:
            raise StateError("Introduce two different contacts of one profile.")
        if any(live.connection.phase is not Phase.ESTABLISHED for live in lives):
            raise StateError("You are not connected with both yet. Wait, then try again.")
        if any(_is_open(each, people) for each in context.introductions.known.values()):
            raise StateError("They have not both answered your last introduction.")
        name = context.clock.random(ID)
        until = context.clock.now() + machine.LASTS
        made = Forwarding(lives[0].profile, name, until, people)
        context.introductions.change(turn.unit, next(context.introductions.numbers), made)
        for live, card in zip(lives, reversed(cards), strict=True):
            assert card is not None
            await turn.say_control(live, IntroAsk(name, card, text))

    await engine.do(ask)


def _is_open(found: Stored, people: tuple[int, int]) -> bool:
    return isinstance(found, Forwarding) and set(found.people) == set(people)


async def heard_offer(turn: Applier, live: Live, frame: Frame, offer: IntroOffer) -> None:
    """Pass on a yes to whom it is for, or take it as the one of the other side."""
    introductions = turn.context.introductions
    for number, found in list(introductions.known.items()):
        match found:
            case Forwarding(id=offer.id):
                if (passed := machine.passed_on(found, live.id)) is not None:
                    await _pass_on(turn, number, *passed, offer)
                    return
            case Meeting() if (live.id, offer.id) in {(w.connection, w.id) for w in found.ways}:
                reachable = partial(reach.may_reach, own=turn.context.relays)
                handshake.check_offers(offer.lanes, reachable)
                introductions.change(turn.unit, number, machine.heard(found, live.id, offer))
                await _settle(turn, number)
                return
            case _:
                pass


async def _pass_on(
    turn: Applier, number: int, now: Forwarding, to: int, offer: IntroOffer
) -> None:
    context, both = turn.context, len(now.offered) == len(now.people)
    context.introductions.change(turn.unit, number, None if both else now)
    if (other := await context.find(to)) is None:
        return
    await turn.say_control(other, offer)
    if both:
        context.tell(turn.unit, now.profile, IntroducedRecord(now.people[0], now.people[1]))


# Being introduced


async def heard_ask(turn: Applier, live: Live, frame: Frame, ask: IntroAsk) -> None:
    """Keep an introduction until somebody answers it. What comes twice is known."""
    context = turn.context
    known = context.introductions.known.values()
    ids = [each.id for each in known if isinstance(each, Forwarding)]
    ways = [way for each in known if isinstance(each, Meeting) for way in each.ways]
    ids += [way.id for way in ways if way.connection == live.id]
    if ask.id in ids or sum(way.connection == live.id for way in ways) >= MOST:
        raise RemoteProtocolError("an introduction is known, or one too many")
    number = next(context.introductions.numbers)
    made = machine.asked(ask, live.profile, live.id, context.clock.now())
    context.introductions.change(turn.unit, number, made)
    context.tell(turn.unit, live.profile, IntroductionRecord(live.id, number))


async def accept(engine: "Engine", numbers: Sequence[int]) -> None:
    """Say yes to introductions to one person, by whoever introduces us.

    Raises `StateError` if one is over or answered, `RelayError` if no relay of ours answers.
    """
    context = engine.context
    introductions, clock = context.introductions, context.clock
    found = [introductions.meeting(number) for number in numbers]
    machine.joined(found[0], found[1:])
    transport = context.transport.of(found[0].profile)
    lanes = await make_lanes(transport, context.relays, LANES, clock, distinct=True)

    async def answer(turn: Applier) -> None:
        now = [introductions.meeting(number) for number in numbers]
        meeting = machine.accepted(machine.joined(now[0], now[1:]), lanes, clock)
        for connection, offer in machine.offers(meeting):
            await turn.say_control(await engine.live(connection), offer)
        for number in numbers[1:]:
            introductions.change(turn.unit, number, None)
        introductions.change(turn.unit, numbers[0], meeting)
        await _settle(turn, numbers[0])

    await engine.do(answer)


async def reject(engine: "Engine", number: int) -> None:
    """Forget an introduction; nobody is told. Raises `StateError` if it was answered."""

    async def forget(turn: Applier) -> None:
        introductions = engine.context.introductions
        if introductions.meeting(number).key is not None:
            raise StateError(machine.ANSWERED)
        introductions.change(turn.unit, number, None)

    await engine.do(forget)


async def _settle(turn: Applier, number: int) -> None:
    """Go on if everything is here; give up if somebody lies."""
    meeting = turn.context.introductions.meeting(number)
    match machine.outcome(meeting):
        case Met() as met:
            turn.context.introductions.change(turn.unit, number, None)
            await _begin(turn, meeting, met)
        case Odd(connections=odd):
            await _fail(turn, number, meeting, odd, DISAGREE)
        case _:
            pass


async def _begin(turn: Applier, meeting: Meeting, met: Met) -> None:
    """Store the new connection with its queues, and receive from them."""
    context = turn.context
    names = await _names(turn, (way.connection for way in meeting.ways))
    card = context.cards[meeting.profile]
    try:
        connection, effects = codes.introduced(meeting, met, card, context.clock)
    except RemoteProtocolError:
        return  # keys that no honest side has: nothing begins
    connection.state.handshake.introducers = names
    connection.rotation.schedule = context.schedule
    if not context.remember_cid(turn.unit, connection.cid):
        return
    row_id = next(context.connection_ids)
    live = Live(row_id, meeting.profile, "", "person", INTRODUCED, connection, {})
    context.take_name(turn.unit, live, meeting.card.name)
    turn.unit.write(rows.new_connection(live, context.clock.now()))
    lanes = [lane.state for lane in connection.lanes.values()]
    accepting.add_lanes(turn, live, lanes)
    context.lives[live.id] = live
    turn.unit.on_failure(partial(context.unload, live.id))
    turn.unit.after(partial(context.subscribe, meeting.profile, lanes))
    await turn.apply(live, effects)


async def _fail(
    turn: Applier, number: int, meeting: Meeting, odd: Iterable[int], reason: str
) -> None:
    """Give up: delete what was offered, and tell who has passed on something else."""
    context = turn.context
    context.introductions.change(turn.unit, number, None)
    for lane in meeting.lanes:
        _remove(turn, meeting.profile, lane)
    suspects = await _names(turn, odd)
    failed = IntroductionFailedRecord(
        meeting.ways[0].connection, meeting.card.name, suspects, reason
    )
    context.tell(turn.unit, meeting.profile, failed)


def _remove(turn: Applier, profile: int, lane: LaneState) -> None:
    work_id = next(turn.context.work_ids)
    work = RemoveWork(lane.relay, lane.base, lane.recipient_id, lane.recipient_key, profile)
    turn.unit.write(rows.work(work_id, None, work))
    turn.unit.after(partial(turn.context.hire, Job(work_id, None, work)))


async def _names(turn: Applier, connections: Iterable[int]) -> tuple[str, ...]:
    lives = [await turn.context.find(row_id) for row_id in connections]
    return tuple(live.name for live in lives if live is not None)


# Time


def is_due(context: Context) -> bool:
    """Tell whether one has waited for too long."""
    now = context.clock.now()
    return any(each.until <= now for each in context.introductions.known.values())


async def sweep(turn: Applier) -> None:
    """Forget what has waited for too long."""
    context = turn.context
    for number, found in list(context.introductions.known.items()):
        if found.until > context.clock.now():
            continue
        if isinstance(found, Meeting) and found.key is not None:
            match machine.outcome(found, final=True):
                case Odd(connections=odd):
                    await _fail(turn, number, found, odd, DISAGREE)
                case _:
                    await _fail(turn, number, found, (), EXPIRED)
        else:
            context.introductions.change(turn.unit, number, None)


async def forget_all(engine: "Engine", profile: int) -> None:
    """Forget all of a profile that is deleted, with the queues that were offered."""

    async def forget(turn: Applier) -> None:
        introductions = engine.context.introductions
        for number, found in list(introductions.known.items()):
            if found.profile == profile:
                introductions.change(turn.unit, number, None)
                for lane in found.lanes if isinstance(found, Meeting) else ():
                    _remove(turn, profile, lane)

    await engine.do(forget)
