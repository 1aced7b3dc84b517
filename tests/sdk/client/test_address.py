import asyncio

import pytest
from tests.sdk.client.people import PATIENCE, Home, Place, WrongClock, one, texts

from graphchat import ContactRequested, Profile
from graphchat.codes import qr
from graphchat.errors import ContentError, NotFoundError, StateError


async def test_an_address_stays_when_the_client_opens_again(place: Place) -> None:
    alice, bob = await place.pair("one", "two")
    address = await alice.me.create_address()
    assert qr.read(address.qr()) == address.link == address.text
    with pytest.raises(StateError, match="already"):
        await alice.me.create_address()
    await alice.reopen()
    again = await alice.me.address()
    assert (again.link, again.accepts_all) == (address.link, False)
    await bob.me.connect(address.link)
    assert (await one(alice.me, ContactRequested)).request.name == "Bob"


async def test_an_address_that_accepts_all_needs_nobody(place: Place) -> None:
    alice, bob = await place.pair("one", "two")
    carol = await place.home("Carol", [place.relays["two"]])
    address = await alice.me.create_address(accept_all=True)
    assert address.accepts_all
    async with asyncio.timeout(PATIENCE):
        his, hers = await asyncio.gather(
            bob.me.connect(address.link), carol.me.connect(address.link)
        )
        await asyncio.gather(his.established(), hers.established())
    assert (his.trust, hers.trust) == (0, 0)
    await his.post("from Bob")
    assert await texts(alice.me, 1) == ["from Bob"]
    await hers.post("from Carol")
    assert await texts(alice.me, 1) == ["from Carol"]
    assert [each.name for each in await alice.me.contacts()] == ["Bob", "Carol"]
    await alice.reopen()
    assert (await alice.me.address()).accepts_all


async def test_one_request_by_two_lanes_is_one(place: Place) -> None:
    alice, bob = await place.pair("one", "two")
    address = await alice.me.create_address()
    await bob.me.connect(address.link, text="It is me")
    event = await one(alice.me, ContactRequested)
    assert event.text == "It is me"
    async with asyncio.timeout(PATIENCE):
        await bob.client.settled()
    await alice.reopen()
    [request] = await alice.me.requests()
    assert (request.name, request.text) == ("Bob", "It is me")
    assert await alice.me.contacts() == []


async def test_contacts_outlive_the_address(place: Place) -> None:
    alice, bob = await place.pair()
    carol = await place.home("Carol", [place.relays["one"]])
    address = await alice.me.create_address(accept_all=True)
    async with asyncio.timeout(PATIENCE):
        his = await bob.me.connect(address.link)
        await his.established()
        await address.delete()
        await alice.client.settled()
        assert await alice.me.current_address() is None
        late = await carol.me.connect(address.link)
        with pytest.raises(StateError, match="was deleted"):
            await late.established()
    await his.send("still here")
    assert await texts(alice.me, 1) == ["still here"]
    assert (await alice.me.create_address()).link != address.link


async def test_profiles_have_addresses_of_their_own(alice: Home, bob: Home) -> None:
    other = await alice.client.create_profile(Profile("Other"))
    first, second = await alice.me.address(), await other.address()
    assert first.link != second.link
    await bob.me.connect(second.link)
    assert (await one(other, ContactRequested)).request.name == "Bob"
    assert await alice.me.requests() == []


async def test_one_person_may_ask_twice(alice: Home, bob: Home) -> None:
    address = await alice.me.create_address()
    await bob.me.connect(address.link)
    await bob.me.connect(address.link)
    await one(alice.me, ContactRequested)
    await one(alice.me, ContactRequested)
    assert [each.name for each in await alice.me.requests()] == ["Bob", "Bob 2"]


async def test_what_is_said_with_a_request_is_bounded(alice: Home, bob: Home) -> None:
    address = await alice.me.create_address()
    with pytest.raises(ContentError, match="1000"):
        await bob.me.connect(address.link, text="x" * 1001)
    assert await bob.me.contacts() == []


async def test_a_new_address_takes_the_place_of_the_old(place: Place) -> None:
    alice, bob = await place.pair()
    carol = await place.home("Carol", [place.relays["one"]])
    old = await alice.me.create_address(work=3, accept_all=True)
    async with asyncio.timeout(PATIENCE):
        his = await bob.me.connect(old.link)
        await his.established()
        new = await alice.me.rotate_address()
        assert (new.work, new.accepts_all, new.link == old.link) == (3, True, False)
        await alice.client.settled()
        late = await carol.me.connect(old.link)
        with pytest.raises(StateError, match="was deleted"):
            await late.established()
        await (await carol.me.connect(new.link)).established()
    await his.send("still here")
    assert await texts(alice.me, 1) == ["still here"]
    with pytest.raises(StateError, match="deleted or changed"):
        await old.rotate(0)
    await alice.reopen()
    assert (await alice.me.address()).link == new.link


async def test_an_old_address_may_work_for_a_while(place: Place) -> None:
    alice, bob = await place.pair()
    carol = await place.home("Carol", [place.relays["one"]])
    dave = await place.home("Dave", [place.relays["one"]])
    old = await alice.me.create_address()
    new = await alice.me.rotate_address(keep=3600)
    assert (await alice.me.address()).link == new.link
    await alice.reopen()
    assert (await alice.me.address()).link == new.link
    await bob.me.connect(old.link)
    assert (await one(alice.me, ContactRequested)).request.name == "Bob"
    # An hour later.
    await alice.reopen(clock=WrongClock(4000))
    await carol.me.connect(old.link)
    await dave.me.connect(new.link)
    assert (await one(alice.me, ContactRequested)).request.name == "Dave"
    assert [each.name for each in await alice.me.requests()] == ["Bob", "Dave"]
    await (await alice.me.address()).delete()
    assert await alice.me.current_address() is None
    assert alice.client.engine.context.addresses == {}


async def test_without_an_address_there_is_nothing_to_rotate(alice: Home) -> None:
    with pytest.raises(NotFoundError, match="address create"):
        await alice.me.rotate_address()
