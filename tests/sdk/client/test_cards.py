"""Profiles that change: every contact is told, and a name that a person chose stays."""

import pytest
from tests.sdk.client.people import Home, Place, introduce, one, take

from graphchat import Profile, ProfileChanged
from graphchat.errors import ContentError


async def test_contacts_see_a_changed_profile(alice: Home, bob: Home) -> None:
    _, his = await introduce(alice.me, bob.me)
    await alice.me.edit(Profile("Alicia", status="at sea", bio="# Me"))
    event = await one(bob.me, ProfileChanged)
    assert event.before is not None
    assert (event.before.name, event.profile) == ("Alice", alice.me.card)
    assert his.profile == alice.me.card
    assert his.name == "Alicia"
    await bob.reopen()
    [his] = await bob.me.contacts()
    assert (his.name, his.profile) == ("Alicia", alice.me.card)


async def test_a_name_that_a_person_chose_stays(alice: Home, bob: Home) -> None:
    _, his = await introduce(alice.me, bob.me)
    await his.rename("My sister")
    await bob.reopen()
    await alice.me.edit(Profile("Alicia"))
    event = await one(bob.me, ProfileChanged)
    assert event.contact.name == "My sister"
    assert event.profile.name == "Alicia"
    with pytest.raises(ContentError):
        await event.contact.rename("\u202e")


async def test_a_new_name_cannot_pass_for_another_contact(place: Place) -> None:
    relay = await place.relay("one")
    bob = await place.home("Bob", [relay])
    alice, mallory = await place.home("Alice", [relay]), await place.home("Mallory", [relay])
    for home in (alice, mallory):
        await introduce(home.me, bob.me)
    await mallory.me.edit(Profile("ALICE"))
    await one(bob.me, ProfileChanged)
    assert [each.name for each in await bob.me.contacts()] == ["Alice", "ALICE 2"]


async def test_the_same_profile_again_is_no_news(alice: Home, bob: Home) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    live = await alice.client.engine.live(hers.row_id)
    before = live.connection.state.outbox.seq
    await alice.me.edit(Profile("Alice"))
    assert live.connection.state.outbox.seq == before
    await alice.me.edit(Profile("Alice", status="one"))
    await alice.me.edit(Profile("Alice", status="two"))
    events = await take(bob.me, ProfileChanged, 2)
    assert [event.profile.status for event in events] == ["one", "two"]


async def test_who_has_not_answered_yet_sees_the_new_profile(alice: Home, bob: Home) -> None:
    invitation = await alice.me.invite()
    await alice.me.edit(Profile("Alicia"))
    his = await bob.me.connect(invitation.link)
    await his.established()
    assert his.profile == alice.me.card
    other = await bob.me.invite()
    await bob.close()
    waiting = await alice.me.connect(other.link)
    await alice.me.edit(Profile("Ali"))
    await bob.reopen()
    await waiting.established()

    async def shown() -> list[str]:
        found = [each.profile for each in await bob.me.contacts()]
        return sorted(card.name for card in found if card is not None)

    names: list[str] = []
    while names != ["Ali", "Ali"]:
        await one(bob.me, ProfileChanged)
        names = await shown()
