import asyncio

import pytest
from tests.sdk.client.people import PATIENCE, Home, Place, nothing_more, one, texts

from graphchat import Contact, ContactEstablished, ContactRequested
from graphchat.errors import NotFoundError, StateError


async def asked(alice: Home, bob: Home) -> tuple[ContactRequested, Contact]:
    """Have Bob ask Alice; return her event and his contact."""
    his = await bob.me.connect((await alice.me.address()).link, text="please")
    return await one(alice.me, ContactRequested), his


async def test_an_accepted_request_becomes_a_contact(place: Place) -> None:
    alice, bob = await place.pair("one", "two")
    event, his = await asked(alice, bob)
    await his.post("sent before the answer")
    assert repr(event.request) == "<Request of 'Bob'>"
    assert event.request.profile is not None
    hers = await event.accept()
    async with asyncio.timeout(PATIENCE):
        await his.established()
        await hers.established()
    assert (hers.name, hers.trust, his.name, his.trust) == ("Bob", 0, "Alice", 0)
    assert await texts(alice.me, 1) == ["sent before the answer"]
    await hers.post("welcome")
    assert await texts(bob.me, 1) == ["welcome"]
    assert await alice.me.requests() == []


async def test_a_rejected_request_is_forgotten(alice: Home, bob: Home) -> None:
    event, his = await asked(alice, bob)
    await event.reject()
    assert await alice.me.requests() == []
    with pytest.raises(NotFoundError):
        await event.accept()
    await alice.reopen()
    assert await alice.me.requests() == []
    assert his.state == "requested"


async def test_a_request_is_answered_once(alice: Home, bob: Home) -> None:
    event, _ = await asked(alice, bob)
    results = await asyncio.gather(
        event.accept(), event.accept(), event.reject(), return_exceptions=True
    )
    assert [type(result) for result in results] == [Contact, StateError, StateError]
    await one(alice.me, ContactEstablished)
    with pytest.raises(StateError, match="answered already"):
        await event.reject()


async def test_a_request_waits_for_days(alice: Home, bob: Home) -> None:
    await bob.me.connect((await alice.me.address()).link)
    await one(alice.me, ContactRequested)
    await alice.reopen()
    await bob.reopen()
    [request] = await alice.me.requests()
    await request.accept()
    [his] = await bob.me.contacts()
    async with asyncio.timeout(PATIENCE):
        await his.established()


async def test_an_accepted_request_is_answered_after_a_restart(place: Place) -> None:
    alice, bob = await place.pair()
    event, his = await asked(alice, bob)
    await place.relays["one"].kill()
    await event.accept()
    with pytest.raises(StateError, match="not accepted"):
        await event.contact.post("hello")
    await alice.close()
    await place.relays["one"].start()
    await alice.reopen()
    async with asyncio.timeout(PATIENCE):
        await his.established()
    await nothing_more(alice.me)


async def test_a_contact_removed_while_it_is_accepted_is_gone(place: Place) -> None:
    alice, bob = await place.pair()
    event, _ = await asked(alice, bob)
    await place.relays["one"].kill()
    hers = await event.accept()
    await hers.remove()
    await place.relays["one"].start()
    async with asyncio.timeout(PATIENCE):
        await alice.client.settled()
    assert await alice.me.contacts() == []
    assert await alice.me.requests() == []
