"""What a contact says about chats off the record is taken only as it is meant."""

import pytest
from tests.sdk.client.people import Home, introduce, texts

from graphchat import OffTheRecordRequested
from graphchat.client.offrecord import asking, desk
from graphchat.client.offrecord.circuit import Circuit
from graphchat.errors import StateError


async def ask(alice: Home, bob: Home, *, signed: bool) -> bool:
    """Have Alice ask; tell whether Bob is told of it once a message after it is there."""
    hers, his = await introduce(alice.me, bob.me)
    engine = alice.client.engine
    live, talks = await asking._talks(engine, hers.row_id)
    queues = await Circuit.new(engine.context).queues(engine.context, live)
    message = talks.ask(queues)
    if signed:
        await engine.do(lambda turn: turn.say_control(live, message))
    else:
        await engine.do(lambda turn: asking._say(engine, live.id, message, turn))
    await hers.send("after it")
    found = await bob.me.pending_events()
    assert await texts(bob.me, 1) == ["after it"]
    found += await bob.me.pending_events()
    return his.asks_off_the_record or any(isinstance(e, OffTheRecordRequested) for e in found)


async def test_an_ask_that_nobody_signed_is_told(alice: Home, bob: Home) -> None:
    assert await ask(alice, bob, signed=False)


async def test_an_ask_in_the_signed_stream_is_nothing(alice: Home, bob: Home) -> None:
    assert not await ask(alice, bob, signed=True)


async def test_an_ask_that_waited_for_long_is_not_meant_any_more(
    alice: Home, bob: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "STALE", -60.0)
    assert not await ask(alice, bob, signed=False)


async def test_a_contact_without_a_key_for_it_is_told_what_to_do(alice: Home, bob: Home) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    hers.connection.state.handshake.otr = None
    with pytest.raises(StateError, match="graphchat rekey"):
        await hers.off_the_record()
