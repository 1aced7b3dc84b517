import asyncio
from pathlib import Path

import pytest
from tests.bots.test_runtime import counter

from graphchat.client import Client, ContactRequested, Profile
from graphchat.content import Poll, Text
from graphchat.content.words import text_of
from graphchat.errors import NotFoundError, StateError
from graphchat.testing.relays import relay
from graphchat_bots.local_relay import local_relay
from graphchat_bots.network import NetworkPort, _take_note
from graphchat_bots.testing.world import World


async def test_the_link_is_an_address_that_accepts_all(tmp_path: Path) -> None:
    async with local_relay(None) as relay, Client(tmp_path / "bot.db", relays=[relay]) as client:
        profile = await client.create_profile(Profile("bot", kind="bot"))
        invitation = await NetworkPort(profile, tmp_path).invitation()
        address = await profile.current_address()
        assert address is not None
        assert address.accepts_all
        assert invitation.text == address.link
        assert invitation.text.startswith("GRAPHCHAT:ADDRESS/")
        assert "▀" in invitation.terminal


async def test_a_chat_that_nobody_knows_is_gone(tmp_path: Path) -> None:
    async with local_relay(None) as relay, Client(tmp_path / "bot.db", relays=[relay]) as client:
        profile = await client.create_profile(Profile("bot", kind="bot"))
        with pytest.raises(NotFoundError):
            await NetworkPort(profile, tmp_path).send("0" * 32, Text("x"), b"1" * 16)


async def test_a_flush_waits_until_a_relay_has_everything_but_not_for_ever(tmp_path: Path) -> None:
    async with (
        relay() as running,
        Client(tmp_path / "bot.db", relays=[running.uri]) as ours,
        Client(tmp_path / "ann.db", relays=[running.uri]) as theirs,
    ):
        port = NetworkPort(await ours.create_profile(Profile("bot", kind="bot")), tmp_path)
        ann = await theirs.create_profile(Profile("Ann"))
        contact = await ann.connect((await port.invitation()).text)
        await contact.established()
        await port.receive(1)
        await port.send(contact.id, Text("a"), b"1" * 16)
        await port.flush(30)
        [receipt] = port._receipts
        assert receipt.state != "queued"
        await running.kill()
        await port.send(contact.id, Text("b"), b"2" * 16)
        await port.flush(0.05)
        assert port._receipts[-1].state == "queued"


async def test_handles_of_contacts_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphchat_bots.network.MAX_CONTACTS", 1)
    world: World
    async with counter().testing(tmp_path, "relay") as world:
        people = [world.person(name) for name in ("Ann", "Ben")]
        for person in people:
            assert await person.says("a") == ["a is number 1", "end of 1"]
        for person in people:
            assert await person.says("b") == ["b is number 2", "end of 2"]


async def test_a_request_of_somebody_who_is_gone_is_passed_over(tmp_path: Path) -> None:
    async with (
        local_relay(None) as relay,
        Client(tmp_path / "bot.db", relays=[relay]) as ours,
        Client(tmp_path / "ann.db", relays=[relay]) as theirs,
    ):
        profile = await ours.create_profile(Profile("bot", kind="bot"))
        address = await profile.create_address()
        await (await theirs.create_profile(Profile("Ann"))).connect(address.link)
        await asyncio.wait_for(profile.wait_events(0), 10)
        (event,) = await profile.pending_events(0, 10)
        assert isinstance(event, ContactRequested)
        await event.contact.remove()
        with pytest.raises((StateError, NotFoundError)):
            await event.accept()
        await _take_note(event)


async def test_what_people_do_with_messages_does_not_disturb_a_bot(tmp_path: Path) -> None:
    async with (
        relay("memory:") as running,
        Client(tmp_path / "bot.db", relays=[running.uri]) as ours,
        Client(tmp_path / "ann.db", relays=[running.uri]) as theirs,
    ):
        port = NetworkPort(await ours.create_profile(Profile("bot", kind="bot")), tmp_path)
        ann = await theirs.create_profile(Profile("Ann"))
        contact = await ann.connect((await port.invitation()).text)
        await contact.established()
        await port.receive(1)
        first = await contact.send("first")
        await contact.edit(first.id, "edited")
        gone = await contact.send("gone")
        await contact.delete(gone.id)
        await contact.react(first.id, "👍")
        poll = await contact.send(Poll("When?", ("now", "later")))
        await contact.vote(poll.id, 0)
        await contact.disappear(3600)
        await ann.edit(Profile("Anna"))
        await contact.send("last")
        said = []
        while "last" not in said:
            for incoming in await port.receive(64):
                said += [text_of(incoming.message)] if incoming.message else []
                await port.acknowledge([incoming.id])
        assert said[-1] == "last"
        assert "When?\nnow\nlater" in said
