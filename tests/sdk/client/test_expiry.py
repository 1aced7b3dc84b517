"""Messages that disappear: on both sides, in the database too, whatever the clock does."""

import asyncio
from collections.abc import Callable

import pytest
from tests.sdk.client.people import Home, WrongClock, introduce, one, texts, until_there

from graphchat import Contact, Text, TimerChanged
from graphchat.client import expiry
from graphchat.store import Cursor

YEAR = 365 * 86_400.0


async def shown(contact: Contact) -> list[str]:
    lines = await contact.history()
    return [line.message.text for line in lines if isinstance(line.message, Text)]


async def rows(home: Home, work: Callable[[Cursor], object]) -> object:
    return await home.client.engine.context.database.read(work)


def words(cursor: Cursor) -> object:
    return cursor.execute(
        "SELECT text FROM client_message WHERE text != '' ORDER BY id"
    ).fetchall()


async def only(home: Home) -> Contact:
    [contact] = await home.me.contacts()
    return contact


async def test_after_their_time_messages_are_gone_on_both_sides(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    await hers.send("stays")
    await hers.disappear(1)
    sent = await hers.send("goes")
    await until_there(his, 3)
    await his.react(sent.id, "👍")
    await asyncio.sleep(1.5)
    for home, contact in ((alice, hers), (bob, his)):
        assert await shown(contact) == ["stays"]
        assert await rows(home, words) == [("stays",)]
        assert await contact.history(query="goes") == []
        count = await rows(
            home,
            lambda c: [
                c.execute("SELECT count(*) FROM client_amendment").fetchone(),
                c.execute(
                    "SELECT count(*) FROM client_evidence WHERE msg_id = ?", (sent.id,)
                ).fetchone(),
            ],
        )
        assert count == [(0,), (0,)]
    # What nobody looked at in time is not told any more.
    assert await texts(bob.me, 1) == ["stays"]
    assert [e for e in await bob.me.pending_events() if "goes" in str(e)] == []


async def test_a_client_that_was_closed_forgets_before_it_shows(
    alice: Home, bob: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "BATCH", 2)
    hers, his = await introduce(alice.me, bob.me)
    await hers.disappear(3600)
    for number in range(5):
        await hers.send(str(number))
    await one(bob.me, TimerChanged)
    await until_there(his, 6)
    await bob.reopen(clock=WrongClock(3590.0))
    assert len(await shown(await only(bob))) == 5
    await bob.reopen(clock=WrongClock(3700.0))
    assert await rows(bob, words) == []
    assert await shown(await only(bob)) == []
    assert len(await shown(hers)) == 5


async def test_a_clock_that_is_set_back_brings_nothing_back_and_gives_no_more_time(
    alice: Home, bob: Home
) -> None:
    hers, his = await introduce(alice.me, bob.me)
    await hers.disappear(3600)
    await hers.send("an hour")
    await until_there(his, 2)
    await bob.reopen(clock=WrongClock(-YEAR))
    [line] = [x for x in await (await only(bob)).history() if isinstance(x.message, Text)]
    assert line.expires_at is not None
    left = line.expires_at.timestamp() - WrongClock(-YEAR).now()
    assert 3500 < left <= 3600
    await bob.reopen(clock=WrongClock(-YEAR + 3601))
    assert await rows(bob, words) == []
    await bob.reopen(clock=WrongClock(-2 * YEAR))
    assert await shown(await only(bob)) == []


async def test_what_waits_for_a_message_that_never_comes_is_tidied_away(
    alice: Home, bob: Home
) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    sent = await hers.send("hello")
    await hers.react(sent.id, "👍")
    insert = (
        "INSERT INTO client_amendment (connection_id, target, outgoing, kind, msg_id, data,"
        " said_at) SELECT connection_id, x'00', 0, kind, msg_id, data, ? FROM client_amendment"
        " WHERE target != x'00'"
    )
    now = alice.client.engine.context.clock.now()
    database = alice.client.engine.context.database
    count = "SELECT target = x'00' FROM client_amendment ORDER BY 1"
    for age, left in ((expiry.PATIENCE + 9, [(0,)]), (expiry.PATIENCE - 900, [(0,), (1,)])):
        await database.write(lambda c, age=age: c.execute(insert, (now - age,)))  # type: ignore[misc]
        await alice.reopen()
        database = alice.client.engine.context.database
        assert await rows(alice, lambda c: c.execute(count).fetchall()) == left
