"""Introductions by commands: asked, listed, accepted, shown."""

import asyncio

from tests.sdk.cli.people import NewPerson, Pair
from tests.together.processes import RelayProcess

from graphchat import Client, ContactEstablished, IntroductionReceived, Profile


async def third(pair: Pair, carol: str, relay: str) -> None:
    """Make Carol a contact of Alice."""
    alice, _ = pair
    async with Client(alice.database) as one, Client(carol, relays=[relay]) as other:
        profile = await other.create_profile(Profile("Carol"))
        mine = await one.profile()
        invitation = await mine.invite()
        contact = await profile.connect(invitation.link)
        await asyncio.gather(invitation.contact(), contact.established())
        for each in (mine, profile):
            await each.acknowledge([event.id for event in await each.pending_events()])


async def test_two_contacts_meet_by_commands(
    pair: Pair, person: NewPerson, relay: RelayProcess
) -> None:
    alice, bob = pair
    carol = person("carol")
    await third(pair, str(carol.database), relay.uri)

    def commands() -> None:
        done = alice.do("introduce", "Bob", "Carol", "--message", "You both play chess.")
        assert "Bob and Carol are asked" in done.err
        assert "not both answered" in alice.refused("introduce", "Carol", "Bob")
        [told] = bob.receive(1)
        assert (told["event"], told["contact"], told["name"]) == ("introduction", "Alice", "Carol")
        assert told["text"] == "You both play chess."
        [row] = bob.do("requests", "list", "--json").rows
        assert (row["contact"], row["introduced_by"], row["id"]) == ("Carol", "Alice", told["id"])
        assert "Carol" in bob.do("requests", "list").out
        done = bob.do("requests", "accept", "Carol")
        assert "You have said yes." in done.err
        assert bob.do("requests", "list", "--json").rows == []

    await asyncio.to_thread(commands)
    async with Client(carol.database) as client:
        profile = await client.profile()
        async for event in profile.events():
            if isinstance(event, IntroductionReceived):
                await event.accept()
                break
        await asyncio.to_thread(alice.do, "receive", "--timeout", "1")
        await asyncio.to_thread(bob.do, "receive", "--timeout", "1")
        async for event in profile.events():
            if isinstance(event, ContactEstablished):
                assert event.contact.introduced_by == ("Alice",)
                break

    def shown() -> None:
        rows = {row["contact"]: row for row in bob.do("contacts", "--json").rows}
        assert (rows["Carol"]["trust"], rows["Carol"]["introduced_by"]) == (1, ["Alice"])
        assert rows["Alice"]["introduced_by"] == []

    await asyncio.to_thread(shown)


async def test_an_introduction_is_forgotten_by_name(
    pair: Pair, person: NewPerson, relay: RelayProcess
) -> None:
    alice, bob = pair
    carol = person("carol")
    await third(pair, str(carol.database), relay.uri)

    def commands() -> None:
        alice.do("introduce", "Bob", "Carol")
        assert "Alice introduces Carol" in bob.do("receive", "--timeout", "2").out
        bob.do("requests", "reject", "Carol")
        assert "No request of 'Carol'" in bob.refused("requests", "accept", "Carol")

    await asyncio.to_thread(commands)
