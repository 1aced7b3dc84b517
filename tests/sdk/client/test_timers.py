"""Timers of a conversation: both sides agree, and both see who has chosen."""

import asyncio

import pytest
from tests.sdk.client.people import PATIENCE, Home, introduce, one, texts, until

from graphchat import Contact, Text, TimerChanged
from graphchat.client.apply import Applier
from graphchat.content import Timer, encode
from graphchat.core.frame import Kind
from graphchat.errors import ContentError
from graphchat.ids import MessageId


async def chosen(contact: Contact) -> list[tuple[bool, int]]:
    lines = await contact.history()
    return [(x.outgoing, x.message.seconds) for x in lines if isinstance(x.message, Timer)]


async def force(home: Home, message: Timer) -> None:
    """Say something about the timer that the client would not say."""
    [contact] = await home.me.contacts()

    async def say(turn: Applier) -> None:
        live = await home.client.engine.live(contact.row_id)
        name = MessageId(turn.context.clock.random(16))
        await turn.apply(live, [live.connection.say(Kind.CONTROL, name, encode(message))])

    await home.client.engine.do(say)


async def test_both_see_who_has_chosen_what(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    await hers.disappear(3600)
    assert (await one(bob.me, TimerChanged)).seconds == 3600
    await his.disappear(0)
    assert (await one(alice.me, TimerChanged)).seconds == 0
    await hers.disappear(0)
    assert await chosen(hers) == [(True, 3600), (False, 0)]
    assert await chosen(his) == [(False, 3600), (True, 0)]
    assert (hers.disappears, his.disappears) == (0, 0)
    with pytest.raises(ContentError):
        await hers.disappear(-1)


async def test_messages_say_how_long_they_last(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    await hers.send("for ever")
    await hers.disappear(3600)
    await hers.send("for an hour")
    assert await texts(bob.me, 2) == ["for ever", "for an hour"]
    for contact in (hers, his):
        first, timer, last = await contact.history()
        assert isinstance(timer.message, Timer)
        assert first.expires_at is timer.expires_at is None
        assert last.expires_at is not None
        assert 3500 < (last.expires_at - last.sent_at).total_seconds() < 3700
    await bob.reopen()
    [his] = await bob.me.contacts()
    assert his.disappears == 3600
    await his.send("too")
    assert (await his.history(limit=1))[0].expires_at is not None


async def test_two_choices_at_once_end_in_one(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    await asyncio.gather(hers.disappear(60), his.disappear(7200))
    # Alice made the code: of two choices with one number hers counts.
    await until(lambda: his.disappears == 60)
    await his.send("heard")
    assert await texts(alice.me, 1) == ["heard"]
    assert hers.disappears == 60
    await his.disappear(7200)
    await until(lambda: hers.disappears == his.disappears == 7200)


async def test_a_choice_that_jumps_ahead_or_is_old_is_ignored(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    await hers.disappear(60)
    await one(bob.me, TimerChanged)
    for message in (Timer(5, 1), Timer(5, 1002), Timer(5, 2**63 - 1)):
        await force(bob, message)
    await his.send("done")
    async with asyncio.timeout(PATIENCE):
        assert await texts(alice.me, 1) == ["done"]
    assert hers.disappears == 60
    assert [x.message for x in await hers.history()] == [Timer(60, 1), Text("done")]
