"""Events: stored until they are acknowledged, and told in order."""

import asyncio
from collections.abc import AsyncIterator

from tests.sdk.client.people import PATIENCE, Home, introduce, one, take, text_of, texts, until

from graphchat import (
    ContactEstablished,
    ControlReceived,
    Event,
    MessageDelivered,
    MessageReceived,
    Text,
)
from graphchat.client.apply import Applier
from graphchat.content import BotCommands, LaneSeen, ReceiptBody
from graphchat.content.control import BotCommand
from graphchat.core.effects import Covered


async def test_asking_for_the_next_acknowledges_the_one_before(alice: Home, bob: Home) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    for number in range(3):
        await hers.post(str(number))
    await one(bob.me, ContactEstablished)
    await until_stored(bob, 3)
    ids = [event.id for event in await bob.me.pending_events()]
    events = bob.me.events()
    first = await anext(events)
    second = await anext(events)
    assert [text_of(first), text_of(second)] == ["0", "1"]
    assert [event.id for event in await bob.me.pending_events()] == ids[1:]
    await bob.reopen()
    again = bob.me.events()
    repeated = await anext(again)
    assert (repeated.id, text_of(repeated)) == (second.id, "1")
    last = await anext(again)
    assert (last.id, text_of(last)) == (ids[2], "2")


async def until_stored(home: Home, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        last = 0
        while len(found := await home.me.pending_events()) < count:
            last = found[-1].id if found else 0
            await home.me.wait_events(last)


async def test_ids_rise_and_are_never_used_again(alice: Home, bob: Home) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    seen: list[int] = []
    for number in range(3):
        await hers.post(str(number))
        seen += [event.id for event in await take(bob.me, MessageReceived)]
        assert await bob.me.pending_events() == []
        await bob.reopen()
    assert seen == sorted(set(seen))
    assert len(seen) == 3


async def test_events_come_in_pages_and_are_acknowledged_in_any_order(
    alice: Home, bob: Home
) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    await one(bob.me, ContactEstablished)
    for number in range(6):
        await hers.post(str(number))
    await until_stored(bob, 6)
    first = await bob.me.pending_events(limit=2)
    rest = await bob.me.pending_events(after=first[-1].id)
    assert [text_of(event) for event in [*first, *rest]] == [*"012345"]
    assert await bob.me.pending_events(limit=0) == await bob.me.pending_events(limit=-1) == []
    await bob.me.acknowledge([rest[0].id, first[1].id])
    assert [text_of(event) for event in await bob.me.pending_events()] == [*"0345"]


async def test_a_program_hears_what_other_programs_say(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    commands = BotCommands((BotCommand("help", "Say what there is."),))
    await hers.post(commands)
    await hers.post("for people")
    event = await one(bob.me, ControlReceived)
    assert (event.contact, event.message) == (his, commands)
    assert await texts(bob.me, 1) == ["for people"]
    assert [line.message for line in await his.history()] == [Text("for people")]


async def test_delivery_is_told_once_for_each_message(
    alice: Home, bob: Home, quick_receipts: None
) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    receipts = [await hers.post(str(number)) for number in range(5)]
    async with asyncio.timeout(PATIENCE):
        for receipt in receipts:
            await receipt.delivered()
    await alice.reopen()
    told = [
        name
        for event in await alice.me.pending_events()
        if isinstance(event, MessageDelivered)
        for name in event.message_ids
    ]
    assert told == [receipt.id for receipt in receipts]


async def test_receipts_that_come_together_tell_of_each_message_once(
    alice: Home, bob: Home
) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    await bob.close()
    receipts = [await hers.post(str(number)) for number in range(4)]
    engine = alice.client.engine
    last = (await engine.live(hers.row_id)).connection.state.outbox.seq

    async def both(turn: Applier) -> None:
        live = await engine.live(hers.row_id)
        receipt = ReceiptBody(
            live.connection.state.outbox.stream, 1, 0, bytes(64), (LaneSeen(0, 1),)
        )
        first = Covered(1, last - 2, receipt)
        await turn.apply(live, [first, Covered(last - 1, last, receipt)])

    await engine.do(both)
    told = [event.message_ids for event in await take(alice.me, MessageDelivered, 2)]
    assert told == [tuple(r.id for r in receipts[:2]), tuple(r.id for r in receipts[2:])]


async def test_a_consumer_that_leaves_loses_nothing(alice: Home, bob: Home) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    await one(bob.me, ContactEstablished)
    heard: list[Event] = []

    async def listen(events: AsyncIterator[Event]) -> None:
        async for event in events:
            heard.append(event)  # noqa: PERF401 - it never ends

    task = asyncio.create_task(listen(bob.me.events()))
    await hers.post("first")
    await until(lambda: len(heard) == 1)
    async with asyncio.timeout(PATIENCE):
        while await bob.me.pending_events():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.005)
    task.cancel()
    await asyncio.wait([task])
    await hers.post("second")
    assert await texts(bob.me, 1) == ["second"]
    assert [text_of(event) for event in heard] == ["first"]
