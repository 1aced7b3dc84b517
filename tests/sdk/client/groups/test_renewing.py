"""A restored home comes back to its groups, and uses no number of a post again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.sdk.client.groups.crowd import enter, hears, homes, knows
from tests.sdk.client.people import PATIENCE, Home, Place
from tests.sdk.client.test_restored import restore, saved

from graphchat import Client, Group, GroupAlarm, OwnProfile
from graphchat.client.groups.renewing import USED
from graphchat.errors import StateError


@asynccontextmanager
async def again(home: Home, copy: Path) -> AsyncIterator[tuple[OwnProfile, Group]]:
    """Open what a backup of a home holds, in place of it."""
    await home.close()
    path = home.path.with_name("again.db")
    restore(copy, path)
    async with Client(path) as client:
        me = await client.profile()
        [group] = await me.groups()
        yield me, group


async def until_it_may_post(group: Group, text: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await group.post(text)
            except StateError as error:
                assert "restored from a backup" in str(error)  # noqa: PT017 - it passes in time
                await asyncio.sleep(0.05)
            else:
                return


async def no_alarm(me: OwnProfile) -> None:
    assert not [e for e in await me.pending_events() if isinstance(e, GroupAlarm)]


@pytest.mark.usefixtures("quick_receipts")
async def test_a_restored_member_goes_on_behind_what_it_has_posted(
    place: Place, tmp_path: Path
) -> None:
    alice, bob = await homes(place, "Alice", "Bob")
    hers = await alice.me.create_group("Hikers")
    his = await enter(bob.me, hers)
    await knows(hers, "Alice", "Bob")
    await his.send("one")
    assert await hears(alice.me) == ["Bob: one"]
    copy = await saved(bob, tmp_path / "saved")
    await his.send("two")
    await hers.send("while you were away")
    assert await hears(alice.me) == ["Bob: two"]
    async with again(bob, copy) as (me, group):
        await until_it_may_post(group, "three")
        assert await hears(alice.me) == ["Bob: three"]
        await hers.send("welcome back")
        assert "Alice: welcome back" in await hears(me, 2)
        numbers = [line.number for line in await hers.history() if line.author == "Bob"]
        assert numbers == [1, 2, 3]
    await no_alarm(alice.me)


async def test_a_restored_host_leaves_numbers_out(place: Place, tmp_path: Path) -> None:
    (alice,) = await homes(place, "Alice")
    hers = await alice.me.create_group("Hikers")
    await hers.send("one")
    copy = await saved(alice, tmp_path / "saved")
    await hers.send("two")
    async with again(alice, copy) as (_, group):
        await group.send("three")
        assert [line.number for line in await group.history()] == [1, 2 + USED]
    async with Client(alice.path.with_name("again.db")) as client:
        [group] = await (await client.profile()).groups()
        await group.send("four")
        assert [line.number for line in await group.history()][-1] == 3 + USED
