"""Connections with each device of a contact: honest ones in any order, and forged ones."""

from functools import partial

import pytest
from tests.sdk.client.devices.people import link, said, until_reached, until_said
from tests.sdk.client.people import Home, Place, introduce, texts

from graphchat import Contact
from graphchat.client import codes
from graphchat.client.queues import make_lanes
from graphchat.clock import SystemClock
from graphchat.codes import Kind
from graphchat.content import Message, ProfileCard
from graphchat.content.devices import MAX_DEVICES, DeviceAdd, DeviceHere, DeviceRemove
from graphchat.core.devices.own import code_id, pseudonym


async def shout(contact: Contact, message: Message) -> None:
    """Have the client of a contact get whatever we want, and hear something honest behind it."""
    devices = contact._engine.context.devices
    live = await contact._engine.live(contact.row_id)
    await contact._engine.do(partial(_shout, devices, live, message))
    receipt = await contact.send("behind it")
    await receipt.delivered()


async def _shout(devices: object, live: object, message: Message, turn: object) -> None:
    await devices.say(turn, live, message)  # type: ignore[attr-defined]


async def code(home: Home, root: bytes, kind: Kind = Kind.CONTACT, **more: bool) -> str:
    """Return a code for a device of a contact with this root."""
    context = home.client.engine.context
    lanes = await make_lanes(
        context.transport.of(home.me.row_id), context.relays, 1, SystemClock(), distinct=True
    )
    made, _ = codes.invitation(
        lanes,
        ProfileCard("x", "person"),
        SystemClock(),
        kind=kind,
        name=partial(code_id, root),
        private=more.get("private", False),
    )
    return made.text


def family(contact: Contact) -> list[str]:
    found = contact._engine.context.devices.branches(contact.row_id)
    return [each.state for each in found if each.state != "first"]


PHONE, OTHER = pseudonym(b"p" * 16, b"p" * 16), pseudonym(b"p" * 16, b"o" * 16)


async def test_a_contact_cannot_pass_somebody_else_off_as_its_device(place: Place) -> None:
    mallory, bob = await place.pair()
    carol = await place.home("Carol", [place.relays["one"]])
    hers, his = await introduce(mallory.me, bob.me)
    root = hers.connection.cid
    theirs, _ = await introduce(carol.me, mallory.me)
    invitation = await carol.me.invite()
    device = await carol.me.link_device()
    foreign = [
        invitation.link,
        device.link,
        await code(carol, theirs.connection.cid),
        await code(carol, root, Kind.INVITE),
        await code(carol, root, private=True),
        "GRAPHCHAT:CONTACT/AAAA",
        "no code",
    ]
    for text in foreign:
        await shout(hers, DeviceAdd(OTHER, PHONE, text))
        assert family(his) == []
    assert [each.name for each in await bob.me.contacts()] == ["Alice"]
    assert [each.name for each in await carol.me.contacts()] == ["Alice"]


async def test_a_contact_cannot_have_too_many_devices_or_speak_for_others(place: Place) -> None:
    alice, bob = await place.pair()
    hers, his = await introduce(alice.me, bob.me)
    root = hers.connection.cid
    good = await code(alice, root)
    # By a device that is not the one at this connection.
    await shout(hers, DeviceHere(PHONE))
    await shout(hers, DeviceHere(OTHER))
    await shout(hers, DeviceAdd(PHONE, OTHER, good))
    await shout(hers, DeviceAdd(PHONE, PHONE, good))
    assert family(his) == []
    for number in range(MAX_DEVICES + 3):
        name = pseudonym(b"x" * 16, bytes([number]) * 16)
        await shout(hers, DeviceAdd(name, PHONE, await code(alice, root)))
    assert len(family(his)) == MAX_DEVICES - 1
    name = pseudonym(b"x" * 16, bytes(16))
    await shout(hers, DeviceRemove(name, OTHER, ()))
    assert len([state for state in family(his) if state != "removed"]) == MAX_DEVICES - 1
    await shout(hers, DeviceRemove(name, PHONE, (PHONE,)))
    await shout(hers, DeviceAdd(name, PHONE, await code(alice, root)))
    assert len([state for state in family(his) if state != "removed"]) == MAX_DEVICES - 2


@pytest.mark.parametrize("away", ["bob", "phone", "laptop"])
async def test_whoever_is_away_meanwhile_misses_nothing(place: Place, away: str) -> None:
    alice, bob = await place.pair()
    hers, _ = await introduce(alice.me, bob.me)
    if away == "bob":
        await bob.close()
    laptop = await place.home("laptop", [place.relays["one"]])
    there = await link(alice, laptop)
    copy = await there.contact("Bob")
    wanted = ["> early", "> late"]
    if away == "bob":
        await copy.post("early")
        await hers.post("late")
        await bob.reopen()
    elif away == "phone":
        await copy.post("early")
        await until_said(hers, "> early")
        await alice.close()
        await copy.post("late")
        await until_reached(copy, 1)
        await alice.reopen()
    else:
        await laptop.close()
        await hers.post("early")
        await laptop.reopen("Alice")
        copy = await laptop.me.contact("Bob")
        await copy.post("late")
    assert sorted(await texts(bob.me, 2)) == ["early", "late"]
    for home in (alice, laptop):
        name = "Alice"
        profile = await home.client.profile(name)
        await until_said(await profile.contact("Bob"), *wanted)
    his = await bob.me.contact("Alice")
    await his.send("and back")
    for home in (alice, laptop):
        profile = await home.client.profile("Alice")
        await until_said(await profile.contact("Bob"), *wanted, "< and back")
    assert len(await said(his)) == 3
