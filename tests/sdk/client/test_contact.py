import asyncio

import pytest
from tests.sdk.client.people import (
    PATIENCE,
    Home,
    Place,
    introduce,
    one,
    take,
    until,
)

from graphchat import ContactEstablished, MessageReceived, Text
from graphchat.errors import NotFoundError, StateError


async def test_a_contact_is_post_quantum_once_something_came_by_every_lane(place: Place) -> None:
    alice, bob = await place.pair("one", "two")
    his = await bob.me.connect((await alice.me.invite()).link)
    early = his.post_quantum
    await until(lambda: his.post_quantum)
    [hers] = await alice.me.contacts()
    await until(lambda: hers.post_quantum)
    assert not early
    await alice.reopen()
    [hers] = await alice.me.contacts()
    assert hers.post_quantum


async def test_a_removed_contact_is_gone_for_good(place: Place) -> None:
    alice, bob = await place.pair("one", "two")
    hers, his = await introduce(alice.me, bob.me)
    await one(alice.me, ContactEstablished)
    await hers.send("hello")
    await his.send("you there?")
    await hers.remove()
    assert await alice.me.contacts() == []
    for attempt in (hers.post("hello"), hers.remove()):
        with pytest.raises(NotFoundError):
            await attempt
    assert await hers.history() == []
    async with asyncio.timeout(PATIENCE):
        await alice.client.settled()
    assert (await his.send("gone?", timeout=0.3)).state == "queued"
    await alice.reopen()
    assert await alice.me.contacts() == []
    assert await alice.me.pending_events() == []


async def test_a_removal_ends_waiting(alice: Home, bob: Home) -> None:
    invitation = await alice.me.invite()
    await alice.close()
    his = await bob.me.connect(invitation.link)
    waiting = asyncio.create_task(his.established())
    await asyncio.sleep(0)
    await his.remove()
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(StateError, match="removed"):
            await waiting


async def test_removal_and_messages_at_the_same_moment(alice: Home, bob: Home) -> None:
    for _ in range(5):
        hers, his = await introduce(alice.me, bob.me)
        await take(alice.me, ContactEstablished)
        await asyncio.gather(
            *(his.post(f"{number}") for number in range(10)),
            *(hers.post(f"{number}") for number in range(10)),
            hers.remove(),
            return_exceptions=True,
        )
    kept, his = await introduce(alice.me, bob.me)
    await his.post("after all that")
    events = await take(alice.me, MessageReceived)
    assert (events[0].contact, events[0].message) == (kept, Text("after all that"))
    assert [each.id for each in await alice.me.contacts()] == [kept.id]


async def test_news_of_a_removed_contact_never_shows_as_anothers(place: Place) -> None:
    alice, bob = await place.pair()
    mallory = await place.home("Mallory", [await place.relay("one")])
    hers, theirs = await introduce(alice.me, mallory.me)
    await theirs.send("I am your bank")
    await alice.me.wait_events(1)
    await hers.remove()
    await alice.reopen()
    await introduce(alice.me, bob.me)
    events = await alice.me.pending_events()
    assert [type(event) for event in events] == [ContactEstablished]


async def test_safety_words_are_the_same_on_both_sides(place: Place) -> None:
    alice, bob = await place.pair()
    hers, his = await introduce(alice.me, bob.me)
    words = hers.safety_words()
    assert words == his.safety_words()
    assert len(words) == 6
    await alice.reopen()
    assert (await alice.me.contact("Bob")).safety_words() == words
    with pytest.raises(StateError, match="not answered"):
        (await bob.me.connect((await alice.me.invite()).link)).safety_words()
