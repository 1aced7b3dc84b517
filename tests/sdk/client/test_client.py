"""Clients from outside: homes, profiles, relays, and messages between them."""

import asyncio
from pathlib import Path

import pytest
from tests.sdk.client.people import PATIENCE, Home, Place, introduce, one, texts, until

from graphchat import Client, ContactEstablished, MessageDelivered, Profile
from graphchat.crypto.vault import Strength
from graphchat.errors import (
    CodeError,
    NotFoundError,
    PassphraseError,
    RelayIdentityError,
    RelayUnreachableError,
    StateError,
    StoreBusyError,
)
from graphchat.wire.uri import RelayAddress

CHEAP = Strength(operations=1, memory=8192)


async def test_messages_go_both_ways_in_order(place: Place) -> None:
    alice, bob = await place.pair("one", "two")
    hers, his = await introduce(alice.me, bob.me)
    said = [f"{number} to Bob" for number in range(40)]
    heard = [f"{number} to Alice" for number in range(40)]
    await asyncio.gather(*(hers.post(text) for text in said), *(his.post(text) for text in heard))
    assert await texts(bob.me, 40) == said
    assert await texts(alice.me, 40) == heard


async def test_a_message_is_queued_then_sent_then_delivered(
    alice: Home, bob: Home, quick_receipts: None
) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    receipt = await hers.post("hello")
    states = [str(receipt.state)]
    async with asyncio.timeout(PATIENCE):
        await receipt.sent()
        await receipt.delivered()
    assert [*states, receipt.state] == ["queued", "delivered"]
    assert receipt.id in (await one(alice.me, MessageDelivered)).message_ids


async def test_many_clients_share_one_loop_and_one_relay(place: Place) -> None:
    relay = await place.relay("one")
    host = await place.home("Host", [relay])
    guests = [await place.home(f"Guest {number}", [relay]) for number in range(5)]
    pairs = await asyncio.gather(*(introduce(host.me, guest.me) for guest in guests))
    await asyncio.gather(*(hers.post(hers.name) for hers, _ in pairs))
    for guest in guests:
        assert await texts(guest.me, 1) == [guest.me.name]


async def test_profiles_of_one_client_do_not_mix(place: Place) -> None:
    alice, bob = await place.pair()
    work = await alice.client.create_profile(Profile("Alice at work"))
    private, _ = await introduce(alice.me, bob.me)
    busy, his = await introduce(work, bob.me)
    assert private.name == busy.name == "Bob"
    assert his.profile is not None
    assert his.profile.name == "Alice at work"
    assert [each.name for each in await alice.me.contacts()] == ["Bob"]
    await his.post("to work")
    assert await texts(work, 1) == ["to work"]
    assert (await one(alice.me, ContactEstablished)).contact == private
    assert await alice.me.pending_events() == []


async def test_profiles_are_found_by_name(tmp_path: Path) -> None:
    async with Client(tmp_path / "a.db") as client:
        with pytest.raises(NotFoundError, match="no profile yet"):
            await client.profile()
        first = await client.create_profile(Profile("First"))
        second = await client.create_profile(Profile("Second"))
        assert (await client.profile()).row_id == first.row_id
        assert (await client.profile("Second")).row_id == second.row_id
        assert [each.name for each in await client.profiles()] == ["First", "Second"]
        with pytest.raises(NotFoundError, match="First, Second"):
            await client.profile("Third")


async def test_a_home_opens_once_and_with_its_passphrase_only(tmp_path: Path) -> None:
    path = tmp_path / "home" / "a.db"
    async with Client(path, "open sesame", strength=CHEAP) as client:
        await client.create_profile(Profile("Alice"))
        with pytest.raises(StoreBusyError):
            await Client(path, "open sesame", strength=CHEAP).__aenter__()
    with pytest.raises(PassphraseError):
        await Client(path, "open says me", strength=CHEAP).__aenter__()
    async with Client(path, "open sesame", strength=CHEAP) as client:
        assert (await client.profile()).name == "Alice"
        await client.change_passphrase(None)
    async with Client(path) as client:
        assert (await client.profile()).name == "Alice"


async def test_a_closed_client_says_so(alice: Home, bob: Home) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    await alice.close()
    with pytest.raises(StateError, match="not open"):
        await alice.client.profiles()
    with pytest.raises(StateError):
        async with asyncio.timeout(PATIENCE):
            await hers.post("too late")


async def test_relays_are_added_tried_and_removed(place: Place) -> None:
    one, two = await place.relay("one"), await place.relay("two")
    alice = await place.home("Alice", [one])
    await alice.client.add_relay(two.uri)
    await alice.client.add_relay(two.uri)
    assert [relay.text for relay in alice.client.relays] == [one.uri, two.uri]
    await alice.reopen()
    assert [relay.text for relay in alice.client.relays] == [one.uri, two.uri]
    await alice.client.remove_relay(RelayAddress.parse(one.uri).create_uri)
    assert [relay.text for relay in alice.client.relays] == [two.uri]
    with pytest.raises(NotFoundError):
        await alice.client.remove_relay(one.uri)


async def test_a_relay_that_is_none_or_another_is_not_added(place: Place) -> None:
    one, two = await place.relay("one"), await place.relay("two")
    alice = await place.home("Alice", [one])
    with pytest.raises(CodeError):
        await alice.client.add_relay("not a relay")
    base, fingerprint = RelayAddress.parse(two.uri).base, RelayAddress.parse(one.uri).fingerprint
    other = RelayAddress(base, fingerprint)
    with pytest.raises(RelayIdentityError):
        await alice.client.add_relay(other.text)
    await two.kill()
    with pytest.raises(RelayUnreachableError):
        await alice.client.add_relay(two.uri)
    assert [relay.text for relay in alice.client.relays] == [one.uri]


async def test_deleting_a_profile_deletes_its_conversations_only(place: Place) -> None:
    alice, bob = await place.pair()
    other = await alice.client.create_profile(Profile("Other"))
    await introduce(alice.me, bob.me)
    kept, his = await introduce(other, bob.me)
    await alice.me.create_address()
    await alice.client.delete_profile(alice.me)
    assert [each.name for each in await alice.client.profiles()] == ["Other"]
    await his.send("still there?")
    assert await texts(other, 1) == ["still there?"]
    async with asyncio.timeout(PATIENCE):
        await alice.client.settled()
    await alice.reopen("Other")
    assert [each.name for each in await alice.client.profiles()] == ["Other"]
    assert [each.id for each in await alice.me.contacts()] == [kept.id]
    assert await alice.me.requests() == []


async def test_what_is_wanted_of_relays_is_settled(alice: Home) -> None:
    invitation = await alice.me.invite()
    await invitation.withdraw()
    async with asyncio.timeout(PATIENCE):
        await alice.client.settled()
    worker = alice.client.engine.worker
    await until(lambda: not worker._tasks)
