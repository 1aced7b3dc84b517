"""Asking for a chat off the record: accepted, refused, unanswered, or both at once."""

import asyncio

import pytest
from tests.sdk.client.offrecord.chatting import accepted, heard, queues, until_queues
from tests.sdk.client.people import Home, Place, introduce, one

from graphchat import OffTheRecordRequested
from graphchat.client.offrecord import asking
from graphchat.errors import StateError


async def test_who_says_no_is_heard(alice: Home, bob: Home, place: Place) -> None:
    hers, his = await introduce(alice.me, bob.me)
    waiting = asyncio.create_task(hers.off_the_record(patience=20))
    asked = await one(bob.me, OffTheRecordRequested)
    assert asked.contact == his
    await asked.reject()
    with pytest.raises(StateError, match="does not want"):
        await waiting
    await until_queues(await place.relay("one"), 2)
    with pytest.raises(StateError, match="do not ask any more"):
        await asked.accept()
    with pytest.raises(StateError, match="do not ask any more"):
        await asked.reject()


async def test_who_does_not_answer_costs_nothing(alice: Home, bob: Home, place: Place) -> None:
    hers, his = await introduce(alice.me, bob.me)
    waiting = asyncio.create_task(hers.off_the_record(patience=0.6))
    await his.asked_off_the_record()
    with pytest.raises(StateError, match="has not answered"):
        await waiting
    await until_queues(await place.relay("one"), 2)
    # The ask was taken back, and is told to nobody.
    async with asyncio.timeout(5):
        while his.asks_off_the_record:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
    assert not [e for e in await bob.me.pending_events() if isinstance(e, OffTheRecordRequested)]


async def test_two_who_ask_at_once_need_not_accept(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    first, second = await asyncio.gather(
        hers.off_the_record(patience=20), his.off_the_record(patience=20)
    )
    await first.send("You too?")
    assert await heard(second, 1) == ["You too?"]
    await second.end()
    await first.ended()


async def test_there_is_one_chat_at_a_time(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    one_end, _ = await accepted(hers, bob)
    with pytest.raises(StateError, match="already"):
        await his.off_the_record()
    await one_end.end()


async def test_an_answer_that_was_lost_is_said_again(
    alice: Home, bob: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "AGAIN", 0.1)
    hers, _ = await introduce(alice.me, bob.me)
    say, lost = asking._say, 0

    async def lossy(engine, row_id, message, turn):  # type: ignore[no-untyped-def]
        nonlocal lost
        if engine is bob.client.engine and lost < 1:
            lost += 1
            return True
        return await say(engine, row_id, message, turn)

    monkeypatch.setattr(asking, "_say", lossy)
    chat, other = await accepted(hers, bob)
    assert lost == 1
    await chat.send("at last")
    assert await heard(other, 1) == ["at last"]
    await chat.end()


async def test_nobody_is_asked_by_whom_he_cannot_talk_to(alice: Home) -> None:
    invitation = await alice.me.invite()
    with pytest.raises(StateError, match="not connected yet"):
        await invitation._contact.off_the_record()


async def test_who_has_asked_and_is_gone_leaves_queues_that_expire(
    alice: Home, bob: Home, place: Place
) -> None:
    """A process that dies deletes nothing; but its queues are open, and nobody uses them."""
    hers, his = await introduce(alice.me, bob.me)
    relay = await place.relay("one")
    before = await queues(relay)
    waiting = asyncio.create_task(hers.off_the_record(patience=20))
    await his.asked_off_the_record()
    assert await queues(relay) == before + 1
    [lane] = alice.client.engine.context.desk.talks[hers.row_id].state.own_lanes
    assert lane.ratchet_key is not None
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
