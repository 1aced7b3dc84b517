import asyncio

import pytest
from tests.sdk.client.people import PATIENCE, Home, Place, WrongClock, introduce, one

from graphchat import Alarm
from graphchat.codes import Code, qr
from graphchat.errors import CodeError, ContentError, StateError


async def test_an_invitation_knows_whether_it_was_used(alice: Home, bob: Home) -> None:
    invitation = await alice.me.invite()
    before = invitation.used
    await bob.me.connect(invitation.link)
    async with asyncio.timeout(PATIENCE):
        contact = await invitation.contact()
    assert (before, invitation.used) == (False, True)
    assert contact.name == "Bob"
    assert repr(invitation) == "<Invitation, established>"


async def test_its_picture_and_its_text_hold_the_link(alice: Home) -> None:
    invitation = await alice.me.invite()
    assert qr.read(invitation.qr()) == invitation.link
    assert invitation.qr_text(200).count("\n") > 20
    assert len(Code.parse(invitation.link).lanes) == 1


async def test_a_withdrawn_code_is_worthless(alice: Home, bob: Home) -> None:
    invitation = await alice.me.invite()
    waiting = asyncio.create_task(invitation.contact())
    await asyncio.sleep(0)
    await invitation.withdraw()
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(StateError, match="removed"):
            await waiting
        await alice.client.settled()
        his = await bob.me.connect(invitation.link)
        with pytest.raises(StateError, match="withdrawn"):
            await his.established()
    assert await alice.me.contacts() == []


async def test_a_used_code_is_not_withdrawn(alice: Home, bob: Home) -> None:
    invitation = await alice.me.invite()
    await bob.me.connect(invitation.link)
    async with asyncio.timeout(PATIENCE):
        contact = await invitation.contact()
    await contact.post("keep this")
    with pytest.raises(StateError, match="was used"):
        await invitation.withdraw()
    assert [line.message for line in await contact.history()]


async def test_nothing_is_said_to_nobody(alice: Home) -> None:
    invitation = await alice.me.invite()
    with pytest.raises(StateError, match="Nobody has used"):
        await invitation._contact.post("hello?")


async def test_an_invitation_outlives_the_client(alice: Home, bob: Home) -> None:
    invitation = await alice.me.invite()
    await alice.close()
    his = await bob.me.connect(invitation.link)
    await his.post("waiting")
    await alice.reopen()
    async with asyncio.timeout(PATIENCE):
        await his.established()
    assert [each.name for each in await alice.me.contacts()] == ["Bob"]


async def test_links_of_one_person_have_nothing_in_common(alice: Home, bob: Home) -> None:
    first, _ = await introduce(alice.me, bob.me)
    second, _ = await introduce(alice.me, bob.me)
    assert first.id != second.id
    assert first != second
    assert len({first, second, first}) == 2


async def test_what_is_out_is_shown_again_as_it_was(place: Place) -> None:
    alice, bob = await place.pair("one", "two")
    first = await alice.me.invite()
    second = await alice.me.invite(private=True)
    await alice.reopen()
    found = await alice.me.invitations()
    assert [each.link for each in found] == [first.link, second.link]
    async with asyncio.timeout(PATIENCE):
        await (await bob.me.connect(found[1].link)).established()
    assert [each.link for each in await alice.me.invitations()] == [first.link]


async def test_a_code_says_until_when_it_is_good(alice: Home, bob: Home) -> None:
    invitation = await alice.me.invite(lasts=600)
    assert invitation.until is not None
    await alice.reopen()
    [again] = await alice.me.invitations()
    assert (again.link, again.until) == (invitation.link, invitation.until)
    await bob.reopen(clock=WrongClock(3600))
    with pytest.raises(CodeError, match=r"was good until .* Ask for a fresh one"):
        await bob.me.connect(invitation.link)
    await bob.reopen()
    await bob.me.connect(invitation.link)
    with pytest.raises(ContentError, match="a second to a year"):
        await alice.me.invite(lasts=0)


async def test_a_code_for_new_keys_ends_too(alice: Home, bob: Home) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    code = await hers.rekey()
    await bob.reopen(clock=WrongClock(8 * 86_400))
    with pytest.raises(CodeError, match="was good until"):
        await bob.me.connect(code.link)


async def test_who_made_a_code_hears_that_two_have_used_it(place: Place) -> None:
    alice, bob = await place.pair("one")
    mallory = await place.home("Mallory", [await place.relay("one")])
    invitation = await alice.me.invite()
    await alice.close()
    # Nobody has secured the queues: what both say lies there.
    await (await bob.me.connect(invitation.link)).asked()
    await (await mallory.me.connect(invitation.link)).asked()
    await alice.reopen()
    alarm = await one(alice.me, Alarm)
    assert "Somebody else has used the same invitation" in alarm.warning
    [contact] = await alice.me.contacts()
    assert contact.name in {"Bob", "Mallory"}


async def test_who_comes_second_is_told_that_the_code_was_used(place: Place) -> None:
    alice, bob = await place.pair("one")
    mallory = await place.home("Mallory", [await place.relay("one")])
    invitation = await alice.me.invite()
    await mallory.me.connect(invitation.link)
    await invitation.contact()
    his = await bob.me.connect(invitation.link)
    with pytest.raises(StateError, match="used already, or withdrawn"):
        await his.established()
    with pytest.raises(StateError, match="your own"):
        await alice.me.connect(invitation.link)
