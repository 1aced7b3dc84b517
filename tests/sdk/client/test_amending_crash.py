"""Who dies while messages are edited, deleted and answered ends with the same conversation."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

import pytest
from tests.sdk.client.crashing import Fuse, die, fuse_up
from tests.sdk.client.people import PATIENCE

from graphchat import Client, Contact, Line, Profile
from graphchat.content.words import text_of
from graphchat.ids import MessageId
from graphchat.testing.relays import relay

FIRST, SECOND, THIRD = (MessageId(bytes([number] * 16)) for number in (1, 2, 3))
# Text, whether edited, whether deleted, reactions.
Seen = tuple[str, bool, bool, tuple[str, ...]]
END: list[Seen] = [
    ("one", False, False, ("❤️",)),
    ("two, edited", True, False, ()),
    ("", False, True, ()),
    ("", False, False, ()),
    ("last", False, False, ()),
]


def seen(lines: list[Line]) -> list[Seen]:
    return [
        (
            text_of(line.message),
            line.edited_at is not None,
            line.deleted,
            tuple(mark.emoji for mark in line.reactions),
        )
        for line in lines
    ]


async def talk(contact: Contact) -> None:
    """Say everything; a second time, only what a crash has kept from being said."""
    for name, text in ((FIRST, "one"), (SECOND, "two"), (THIRD, "three")):
        await contact.post(text, id=name)
    await contact.edit(SECOND, "two, edited")
    await contact.react(FIRST, "👍")
    await contact.react(FIRST, "❤️")
    if not (await contact.line(THIRD)).deleted:
        await contact.delete(THIRD)
    await contact.disappear(3600)
    await contact.post("last", id=MessageId(bytes([4] * 16)))


async def life(path: Path, fuse: Fuse, *, talks: bool) -> bool:
    """Live until the conversation is whole, or the fuse blows; tell whether it did not."""
    client = await Client(path).__aenter__()
    fuse_up(client, fuse)
    [contact] = await (await client.profile()).contacts()

    async def whole() -> None:
        if talks:
            await talk(contact)
            await contact.flushed()
        while seen(list(await contact.history())) != END:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)

    living = asyncio.create_task(whole())
    blown = asyncio.create_task(fuse.blown.wait())
    try:
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait([living, blown], return_when=asyncio.FIRST_COMPLETED)
        if living.done():
            await living
        return not fuse.blown.is_set()
    finally:
        living.cancel()
        blown.cancel()
        await asyncio.gather(living, blown, return_exceptions=True)
        await die(client)


async def befriend(folder: Path, uri: str) -> tuple[Path, Path]:
    folder.mkdir()  # noqa: ASYNC240 - one small folder
    async with AsyncExitStack() as stack:
        paths = folder / "alice.db", folder / "bob.db"
        alice, bob = [
            await (await stack.enter_async_context(Client(path, relays=[uri]))).create_profile(
                Profile(path.stem)
            )
            for path in paths
        ]
        invitation = await alice.invite()
        contact = await bob.connect(invitation.link)
        await asyncio.gather(invitation.contact(), contact.established())
    return paths


async def both(folder: Path, uri: str, fuse: Fuse, *, dies: str) -> bool:
    """Let both live; who ``dies`` begins again once the fuse has blown."""
    alice, bob = await befriend(folder, uri)

    async def live(path: Path) -> bool:
        talks = path == alice
        if path.stem != dies:
            return await life(path, Fuse(), talks=talks)
        whole = await life(path, fuse, talks=talks)
        return whole or not await life(path, Fuse(), talks=talks)

    one, other = await asyncio.gather(live(alice), live(bob))
    return one and other


@pytest.fixture
async def uri() -> AsyncIterator[str]:
    async with relay("memory:") as running:
        yield running.uri


@pytest.mark.parametrize("dies", ["alice", "bob"])
async def test_who_dies_ends_with_the_same_conversation(
    tmp_path: Path, uri: str, dies: str
) -> None:
    fuse = Fuse()
    assert await both(tmp_path / "whole", uri, fuse, dies=dies)
    died = 0
    for at in Random(dies).sample(range(1, fuse.passed), 3):
        died += not await both(tmp_path / f"{at}", uri, Fuse(at), dies=dies)
    assert died >= 1


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("dies", ["alice", "bob"])
async def test_who_dies_anywhere_ends_with_the_same_conversation(
    tmp_path: Path, uri: str, dies: str
) -> None:
    at, whole = 0, False
    while not whole:
        at += 1
        whole = await both(tmp_path / f"{at}", uri, Fuse(at), dies=dies)
    assert at > 10
