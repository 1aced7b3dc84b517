"""Two devices of one person, and what tests ask of them."""

import asyncio

from tests.sdk.client.people import PATIENCE, Home

from graphchat import Contact, OwnProfile, Text


async def link(old: Home, new: Home, name: str = "laptop") -> OwnProfile:
    """Make ``new`` one more device of ``old``; return its profile there."""
    async with asyncio.timeout(PATIENCE):
        code = await old.me.link_device("phone")
        acceptance = await new.client.accept_device(code.link, name)
        device = await code.device()
        assert await acceptance.words() == device.words
        await device.confirm()
        await acceptance.synced()
        new.me = acceptance.profile
    return new.me


async def said(contact: Contact) -> list[str]:
    """Return the texts of a conversation, each with whose it is."""
    lines = await contact.history(limit=1_000)
    return [
        ("> " if line.outgoing else "< ") + line.message.text
        for line in lines
        if isinstance(line.message, Text)
    ]


async def until_said(contact: Contact, *wanted: str) -> None:
    """Return once exactly this was said, in any order of whose lines came first."""
    async with asyncio.timeout(PATIENCE):
        while sorted(await said(contact)) != sorted(wanted):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)


async def until_reached(contact: Contact, count: int) -> None:
    """Return once a contact is talked to by so many connections."""
    engine = contact._engine
    async with asyncio.timeout(PATIENCE):
        while True:
            live = await engine.live(contact.row_id)
            targets = await engine.context.devices.targets(live)
            if len([each for each in targets if each.established]) >= count:
                return
            await asyncio.sleep(0.01)
