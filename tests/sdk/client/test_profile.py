import asyncio
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image as Pillow
from tests.sdk.client.people import PATIENCE, Home, Place, introduce, one

from graphchat import ContactFailed, Profile
from graphchat.content import ProfileCard
from graphchat.errors import (
    CodeError,
    ContentError,
    NotFoundError,
    RelayUnreachableError,
    StateError,
)

PICTURE = Pillow.new("RGB", (600, 400), "teal")


def png(picture: Pillow.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


async def test_a_card_is_made_of_a_profile(tmp_path: Path) -> None:
    path = tmp_path / "me.png"
    path.write_bytes(png(PICTURE))
    from_file = await Profile("Alice", avatar=path, status="here", bio="A person.").card()
    from_bytes = await Profile("Alice", avatar=png(PICTURE), kind="bot").card()
    assert from_file.avatar is not None
    assert from_file.avatar == from_bytes.avatar
    assert Pillow.open(BytesIO(from_file.avatar)).size == (192, 192)
    assert (from_file.status, from_file.bio, from_bytes.kind) == ("here", "A person.", "bot")


@pytest.mark.parametrize("name", ["", "x" * 1000, "line\nbreak"])
async def test_a_name_that_cannot_be_shown_is_refused(alice: Home, name: str) -> None:
    with pytest.raises(ContentError):
        await alice.client.create_profile(Profile(name))


async def test_a_link_connects(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    assert (hers.name, hers.state, hers.trust) == ("Bob", "established", 2)
    assert (his.name, his.state, his.trust) == ("Alice", "established", 2)
    assert hers.id == his.id
    assert hers.profile == ProfileCard("Bob", "person", None, "", "")


async def test_a_picture_connects_from_a_file_and_from_memory(place: Place) -> None:
    alice, bob = await place.pair()
    path = place.folder / "code.png"
    (await alice.me.invite()).qr().save(path)
    by_path = await bob.me.connect(path)
    by_picture = await bob.me.connect((await alice.me.invite()).qr().convert("RGB"))
    async with asyncio.timeout(PATIENCE):
        await by_path.established()
        await by_picture.established()
    assert [by_path.name, by_picture.name] == ["Alice", "Alice 2"]


async def test_what_is_no_code_is_refused(bob: Home, tmp_path: Path) -> None:
    path = tmp_path / "code.png"
    path.write_bytes(png(PICTURE))
    for source in ("hello", "GRAPHCHAT:INVITE/AAAA", path, PICTURE, tmp_path / "missing.png"):
        with pytest.raises(CodeError):
            await bob.me.connect(source)
    assert await bob.me.contacts() == []


async def test_a_code_does_not_connect_its_own_maker(alice: Home) -> None:
    other = await alice.client.create_profile(Profile("Other"))
    invitation, address = await alice.me.invite(), await alice.me.create_address()
    for profile in (alice.me, other):
        for link in (invitation.link, address.link):
            with pytest.raises(StateError, match="your own"):
                await profile.connect(link)
    assert not invitation.used
    assert [each.state for each in await alice.me.contacts()] == []


async def test_a_code_is_used_here_once(alice: Home, bob: Home) -> None:
    invitation = await alice.me.invite()
    his = await bob.me.connect(invitation.link)
    with pytest.raises(StateError, match="used here already"):
        await bob.me.connect(invitation.link)
    async with asyncio.timeout(PATIENCE):
        await his.established()
    with pytest.raises(StateError, match="used here already"):
        await bob.me.connect(invitation.link)
    await bob.reopen()
    with pytest.raises(StateError, match="used here already"):
        await bob.me.connect(invitation.link)
    assert len(await bob.me.contacts()) == 1


async def test_two_uses_at_the_same_moment_make_one_contact(alice: Home, bob: Home) -> None:
    invitation = await alice.me.invite()
    uses = [bob.me.connect(invitation.link) for _ in range(3)]
    results = await asyncio.gather(*uses, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == [
        "Contact",
        "StateError",
        "StateError",
    ]
    assert len(await bob.me.contacts()) == 1


async def test_a_used_code_fails_for_the_next(place: Place) -> None:
    alice, bob = await place.pair("one", "two")
    carol = await place.home("Carol", [place.relays["one"]])
    invitation = await alice.me.invite()
    async with asyncio.timeout(PATIENCE):
        await (await bob.me.connect(invitation.link)).established()
        await alice.client.settled()
        late = await carol.me.connect(invitation.link)
        with pytest.raises(StateError, match="used already"):
            await late.established()
        with pytest.raises(StateError, match="used already"):
            await late.asked()
    event = await one(carol.me, ContactFailed)
    assert event.contact == late
    assert "fresh one" in event.reason
    with pytest.raises(StateError, match="used already"):
        await late.post("hello?")
    await carol.reopen()
    [late] = await carol.me.contacts()
    with pytest.raises(StateError, match="somebody else may have seen it"):
        await late.established()
    assert late.state == "failed"
    await late.remove()
    assert await carol.me.contacts() == []


async def test_nobody_passes_for_somebody_else_by_a_name_that_looks_alike(place: Place) -> None:
    relay = await place.relay("one")
    alice, other = await place.home("Alice", [relay]), await place.home("Other", [relay])
    for name in ("Bob", "bob", "B\u043eb", "Bob\u3164"):
        await introduce(alice.me, await other.client.create_profile(Profile(name)))
    names = [each.name for each in await alice.me.contacts()]
    assert sorted(names) == ["Bob", "Bob\u3164 4", "B\u043eb 3", "bob 2"]


async def test_names_of_contacts_are_unlike(place: Place) -> None:
    relay = await place.relay("one")
    alice = await place.home("Alice", [relay])
    bobs = [await place.home(f"Home {number}", [relay]) for number in range(3)]
    for each in bobs:
        each.me = await each.client.create_profile(Profile("Bob"))
        await introduce(alice.me, each.me)
    assert [each.name for each in await alice.me.contacts()] == ["Bob", "Bob 2", "Bob 3"]
    found = await alice.me.contact("Bob 2")
    assert found.name == "Bob 2"
    assert await alice.me.contact(found.id) == found
    assert (await alice.me.contact("bob 3")).name == "Bob 3"
    await found.remove()
    with pytest.raises(NotFoundError, match="Bob, Bob 3"):
        await alice.me.contact("Bob 2")
    await introduce(alice.me, bobs[0].me)
    assert [each.name for each in await alice.me.contacts()] == ["Bob", "Bob 2", "Bob 3"]


async def test_names_do_not_change_when_the_client_opens_again(alice: Home, bob: Home) -> None:
    await introduce(alice.me, bob.me)
    await introduce(alice.me, bob.me)
    before = [(each.name, each.id) for each in await alice.me.contacts()]
    await alice.reopen()
    assert [(each.name, each.id) for each in await alice.me.contacts()] == before


async def test_new_contacts_see_an_edited_profile(alice: Home, bob: Home) -> None:
    await alice.me.edit(Profile("Alice B.", status="moved"))
    new, _ = await introduce(bob.me, alice.me)
    assert new.name == "Alice B."
    await alice.reopen()
    assert alice.me.card.status == "moved"


async def test_without_a_relay_there_is_no_code(place: Place) -> None:
    relay = await place.relay("one")
    alice, bob = await place.home("Alice", [relay]), await place.home("Bob", [])
    invitation = await alice.me.invite()
    for attempt in (bob.me.invite, bob.me.create_address, lambda: bob.me.connect(invitation.link)):
        with pytest.raises(StateError, match="no relay"):
            await attempt()
    await relay.kill()
    with pytest.raises(RelayUnreachableError):
        await alice.me.invite()
    assert await bob.me.contacts() == []


async def test_a_failed_attempt_does_not_use_up_the_code(place: Place) -> None:
    there, here = await place.relay("there"), await place.relay("here")
    alice, bob = await place.home("Alice", [there]), await place.home("Bob", [here])
    invitation = await alice.me.invite()
    await here.kill()
    with pytest.raises(RelayUnreachableError):
        await bob.me.connect(invitation.link)
    await here.start()
    async with asyncio.timeout(PATIENCE):
        await (await bob.me.connect(invitation.link)).established()
    assert [each.name for each in await bob.me.contacts()] == ["Alice"]
