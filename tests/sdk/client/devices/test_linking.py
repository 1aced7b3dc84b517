"""The way of a device to another one, and whoever stands in it."""

import asyncio

import pytest
from tests.sdk.client.people import PATIENCE, Place, introduce, one, until

from graphchat import DeviceAsks, Profile
from graphchat.errors import ContentError, StateError


async def test_nothing_but_a_name_is_told_before_the_yes(place: Place) -> None:
    alice, bob = await place.pair()
    await introduce(alice.me, bob.me)
    laptop = await place.home("laptop", [place.relays["one"]])
    code = await alice.me.link_device("phone")
    joined = await laptop.client.accept_device(code.link, "laptop")
    words = await joined.words()
    asks = await one(alice.me, DeviceAsks)
    assert (asks.device.name, asks.device.words, len(words)) == ("laptop", words, 4)
    await asyncio.sleep(0.1)
    assert joined.profile.name == "New device"
    assert await joined.profile.contacts() == []
    await asks.refuse()
    assert [each.name for each in await alice.me.devices()] == ["phone"]
    with pytest.raises(StateError):
        await asks.confirm()


async def test_who_comes_second_by_a_code_is_not_who_asks(place: Place) -> None:
    alice, _ = await place.pair()
    relay = place.relays["one"]
    code = await alice.me.link_device("phone")
    thief = await place.home("thief", [relay])
    mine = await place.home("laptop", [relay])
    first = await thief.client.accept_device(code.link, "thief")
    second = await mine.client.accept_device(code.link, "laptop")
    asks = await one(alice.me, DeviceAsks)
    # Whoever was second is not answered: no words, or an alarm if both came at the same time.
    async with asyncio.timeout(PATIENCE):
        words = await first.words()
    assert asks.device.words == words
    await second.profile.remove()
    await asks.refuse()
    assert await alice.me.contacts() == []


async def test_a_name_that_cannot_be_shown_leaves_no_profile_behind(place: Place) -> None:
    alice, bob = await place.pair()
    code = await alice.me.link_device("phone")
    with pytest.raises(ContentError):
        await bob.client.accept_device(code.link, "\u200b")
    assert [each.name for each in await bob.client.profiles()] == ["Bob"]
    with pytest.raises(ContentError):
        await bob.me.link_device("x" * 101)


async def test_a_home_without_a_relay_takes_those_of_the_code(place: Place) -> None:
    alice, _ = await place.pair()
    code = await alice.me.link_device("phone")
    empty = await place.home("empty", [])
    joined = await empty.client.accept_device(code.link, "laptop")
    assert [relay.base for relay in empty.client.relays] == [
        relay.base for relay in alice.client.relays
    ]
    assert await joined.words()
    await joined.profile.remove()
    assert [each.name for each in await empty.client.profiles()] == ["empty"]


async def test_a_profile_with_devices_can_be_removed(place: Place) -> None:
    alice, bob = await place.pair()
    await introduce(alice.me, bob.me)
    other = await alice.client.create_profile(Profile("Other"))
    code = await alice.me.link_device("phone")
    laptop = await place.home("laptop", [place.relays["one"]])
    joined = await laptop.client.accept_device(code.link)
    await (await code.device()).confirm()
    await joined.synced()
    await alice.me.remove()
    assert [each.row_id for each in await alice.client.profiles()] == [other.row_id]
    assert not alice.client.engine.context.devices.index.own
    await until(lambda: joined.profile.name == "Alice")
