"""Two devices of Alice, and Bob: what each of them sees, over a real relay."""

import pytest
from tests.sdk.client.devices.people import link, said, until_reached, until_said
from tests.sdk.client.people import Place, introduce, one, texts, until

from graphchat import ContactDevices, Device, MessageMirrored, Text
from graphchat.client.devices.events import DeviceLinked
from graphchat.content import File
from graphchat.errors import CodeError, NotFoundError, StateError


async def test_a_new_device_gets_profile_contacts_and_what_was_said(place: Place) -> None:
    alice, bob = await place.pair()
    hers, his = await introduce(alice.me, bob.me)
    await alice.me.set_indicators(wanted=True)
    await hers.rename("Bobby")
    await hers.verify()
    await hers.disappear(3600)
    first = await hers.send("one")
    await texts(bob.me, 1)
    await his.send("two")
    await his.send("three")
    await texts(alice.me, 2)
    await hers.edit(first.id, "one, edited")
    await hers.react((await hers.history())[-1].id, "👍")
    await hers.read((await hers.history())[-2].id)
    there = await link(alice, await place.home("laptop", [place.relays["one"]]))
    copy = await there.contact("Bobby")
    assert (there.name, there.indicators) == ("Alice", True)
    assert (copy.id, copy.trust, copy.disappears) == (hers.id, 3, 3600)
    assert copy.safety_words() == his.safety_words()
    assert await said(copy) == ["> one, edited", "< two", "< three"]
    lines = {
        line.message.text: line for line in await copy.history() if isinstance(line.message, Text)
    }
    assert lines["one, edited"].edited_at is not None
    assert [mark.emoji for mark in lines["three"].reactions] == ["👍"]
    assert all(line.expires_at is not None for line in lines.values())
    assert await copy.unread() == await hers.unread() == 1
    assert [each.name for each in await there.devices()] == ["laptop", "phone"]
    assert [each.name for each in await alice.me.devices()] == ["phone", "laptop"]
    assert isinstance((await one(there, DeviceLinked)).device, Device)


async def test_both_devices_talk_with_a_contact(place: Place) -> None:
    alice, bob = await place.pair()
    hers, his = await introduce(alice.me, bob.me)
    there = await link(alice, await place.home("laptop", [place.relays["one"]]))
    copy = await there.contact("Bob")
    assert (await one(bob.me, ContactDevices)).count == 2
    receipt = await copy.send("from the laptop")
    await receipt.delivered()
    assert await texts(bob.me, 1) == ["from the laptop"]
    mirrored = await one(alice.me, MessageMirrored)
    assert mirrored.message == Text("from the laptop")
    await hers.send("from the phone")
    assert await texts(bob.me, 1) == ["from the phone"]
    assert (await one(there, MessageMirrored)).message == Text("from the phone")
    await his.send("to both")
    assert await texts(alice.me, 1) == ["to both"]
    assert await texts(there, 1) == ["to both"]
    for contact in (hers, his, copy):
        assert len(await said(contact)) == 3
    assert len(await bob.me.contacts()) == 1
    assert copy.post_quantum
    assert set(copy.relays) == set(hers.relays)
    assert not any(line.read for line in await copy.history())


async def test_what_is_changed_on_one_device_is_changed_on_the_other(place: Place) -> None:
    alice, bob = await place.pair()
    hers, his = await introduce(alice.me, bob.me)
    there = await link(alice, await place.home("laptop", [place.relays["one"]]))
    copy = await there.contact("Bob")
    await until_reached(copy, 1)
    mine = await copy.send("mine")
    await until_said(hers, "> mine")
    await hers.edit(mine.id, "mine, better")
    await until_said(copy, "> mine, better")
    await until_said(his, "< mine, better")
    theirs = await his.send("theirs")
    await until_said(hers, "> mine, better", "< theirs")
    await until_said(copy, "> mine, better", "< theirs")
    await his.edit(theirs.id, "theirs, better")
    await until_said(hers, "> mine, better", "< theirs, better")
    await until_said(copy, "> mine, better", "< theirs, better")
    await hers.read()
    await copy.rename("Robert")
    await hers.disappear(60)
    await until(lambda: hers.name == "Robert" and copy.disappears == his.disappears == 60)
    assert await copy.unread() == 0
    await copy.delete(mine.id)
    await until_said(hers, "< theirs, better")
    await until_said(his, "> theirs, better")


async def test_a_contact_of_one_device_is_one_of_the_other_until_it_is_removed(
    place: Place,
) -> None:
    alice, bob = await place.pair()
    there = await link(alice, await place.home("laptop", [place.relays["one"]]))
    copy, his = await introduce(there, bob.me)
    await copy.send("from where we met")
    await until(
        lambda: any(live.name == "Bob" for live in alice.client.engine.context.lives.values())
    )
    hers = await alice.me.contact("Bob")
    await until_said(hers, "> from where we met")
    await until_reached(hers, 1)
    await hers.send("from the other device")
    await until_said(his, "< from where we met", "< from the other device")
    await hers.remove()
    await until(lambda: copy.row_id not in there._engine.context.lives)
    with pytest.raises(NotFoundError):
        await there.contact("Bob")


async def test_a_contact_with_two_devices_and_one_with_two_see_everything_once(
    place: Place,
) -> None:
    alice, bob = await place.pair()
    relay = place.relays["one"]
    hers, his = await introduce(alice.me, bob.me)
    laptop = await link(alice, await place.home("laptop", [relay]))
    tablet = await link(bob, await place.home("tablet", [relay]), "tablet")
    ends = [hers, await laptop.contact("Bob"), his, await tablet.contact("Alice")]
    for end in ends:
        await until_reached(end, 2)
    for number in range(3):
        for end, name in zip(ends, ("phone", "laptop", "bob", "tablet"), strict=True):
            await end.send(f"{name} {number}")
    alices = [f"{name} {n}" for name in ("phone", "laptop") for n in range(3)]
    bobs = [f"{name} {n}" for name in ("bob", "tablet") for n in range(3)]
    for end in ends[:2]:
        await until_said(end, *(f"> {text}" for text in alices), *(f"< {text}" for text in bobs))
    for end in ends[2:]:
        await until_said(end, *(f"< {text}" for text in alices), *(f"> {text}" for text in bobs))
    for end in ends:
        lines = [line[2:] for line in await said(end)]
        for name in ("phone", "laptop", "bob", "tablet"):
            assert [line for line in lines if line.startswith(name)] == [
                f"{name} {number}" for number in range(3)
            ]


async def test_a_code_for_devices_is_no_invitation_and_an_invitation_links_no_device(
    place: Place,
) -> None:
    alice, bob = await place.pair()
    link_code = await alice.me.link_device()
    with pytest.raises(CodeError):
        await bob.me.connect(link_code.link)
    invitation = await alice.me.invite()
    with pytest.raises(CodeError):
        await bob.client.accept_device(invitation.link)
    with pytest.raises(StateError):
        await alice.client.accept_device(link_code.link)
    assert [each.name for each in await alice.client.profiles()] == ["Alice"]


async def test_a_file_stays_at_the_relays_for_every_device(place: Place) -> None:
    alice, bob = await place.pair()
    hers, _ = await introduce(alice.me, bob.me)
    there = await link(alice, await place.home("laptop", [place.relays["one"]]))
    path = place.folder / "notes.bin"
    path.write_bytes(bytes(1_000))
    await hers.post(path)
    mirrored = (await one(there, MessageMirrored)).message
    assert isinstance(mirrored, File)
    assert mirrored.keep
