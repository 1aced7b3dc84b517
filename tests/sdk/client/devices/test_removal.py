"""Devices that are removed: by their owner, by a thief, and what is left of them."""

import pytest
from tests.sdk.client.devices.people import link, said, until_reached, until_said
from tests.sdk.client.people import Place, introduce, nothing_more, one, texts, until

from graphchat import ContactDevices, DeviceRemoved
from graphchat.errors import StateError


async def test_a_removed_device_neither_speaks_nor_hears_any_more(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = await place.pair()
    hers, his = await introduce(alice.me, bob.me)
    there = await link(alice, await place.home("laptop", [place.relays["one"]]))
    copy = await there.contact("Bob")
    await until_reached(copy, 1)
    await one(bob.me, ContactDevices)
    await alice.close()  # stolen, and away
    await (await there.device("phone")).remove()
    assert (await one(bob.me, ContactDevices)).count == 1
    await his.send("for Alice alone")
    assert await texts(there, 1) == ["for Alice alone"]
    await copy.send("by the laptop")
    assert await texts(bob.me, 1) == ["by the laptop"]

    await alice.reopen()
    monkeypatch.setattr(alice.client.engine.context.devices, "check", lambda _: None)
    hers = await alice.me.contact("Bob")
    await hers.send("from the thief", timeout=0.5)
    await nothing_more(bob.me)
    assert await said(hers) == ["> from the thief"]
    assert await said(his) == ["> for Alice alone", "< by the laptop"]
    assert [each.state for each in await there.devices()] == ["here", "removed"]


async def test_a_device_that_was_removed_says_so_and_keeps_what_was_said(place: Place) -> None:
    alice, bob = await place.pair()
    hers, _ = await introduce(alice.me, bob.me)
    await hers.send("before")
    there = await link(alice, await place.home("laptop", [place.relays["one"]]))
    copy = await there.contact("Bob")
    await (await alice.me.device("laptop")).remove()
    assert (await one(there, DeviceRemoved)).here
    with pytest.raises(StateError, match="removed"):
        await copy.send("anybody?")
    with pytest.raises(StateError, match="removed"):
        await there.link_device()
    assert await said(copy) == ["> before"]
    # The older device ends the connection once the other one knows.
    engine = alice.client.engine
    await until(lambda: all(live.kind != "own device" for live in engine.context.lives.values()))
    await hers.send("goes on")
    await until_said(hers, "> before", "> goes on")


async def test_the_first_device_can_go_and_the_contact_stays_the_same(place: Place) -> None:
    alice, bob = await place.pair()
    hers, his = await introduce(alice.me, bob.me)
    await hers.send("one")
    await texts(bob.me, 1)
    laptop = await place.home("laptop", [place.relays["one"]])
    there = await link(alice, laptop)
    copy = await there.contact("Bob")
    await until_reached(copy, 1)
    await (await there.device("phone")).remove()
    await until(lambda: not his.connection.lanes)
    tablet = await place.home("tablet", [place.relays["one"]])
    third = await link(laptop, tablet, "tablet")
    last = await third.contact("Bob")
    await until_reached(last, 1)
    await bob.reopen()
    his = await bob.me.contact("Alice")
    await his.send("two")
    for contact in (copy, last):
        await until_said(contact, "> one", "< two")
    await last.send("three")
    await until_said(his, "< one", "> two", "< three")
    await bob.me.flushed()


async def test_this_device_is_not_removed_here(place: Place) -> None:
    alice, _ = await place.pair()
    await link(alice, await place.home("laptop", [place.relays["one"]]))
    with pytest.raises(StateError):
        await (await alice.me.device("phone")).remove()
    laptop = await alice.me.device("laptop")
    await laptop.remove()
    with pytest.raises(StateError):
        await laptop.remove()
