"""Several hosts: what one of them loses, leaves out or forges, another makes good."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import pytest
from tests.sdk.client.groups.crowd import enter, hears, hears_and, history, homes, knows, settles
from tests.sdk.client.people import PATIENCE, Home, Place, one, take, until

from graphchat import Group, GroupAlarm, GroupGap, GroupMessageReceived
from graphchat.client.groups.registry import Groups
from graphchat.content import GroupPosts
from graphchat.content.codec import decode, encode
from graphchat.core.groups.post import SignedPost


async def five(place: Place) -> tuple[list[Home], list[Group]]:
    """Return five people in a group, of whom Alice and Bob forward."""
    people = await homes(place, "Alice", "Bob", "Carol", "Dave", "Erin")
    alice, bob, *others = people
    hers = await alice.me.create_group("Hikers")
    his = await enter(bob.me, hers)
    await knows(hers, "Alice", "Bob")
    await hers.set_role(hers.member("Bob"), "admin")
    await until(lambda: his.role == "admin")
    await his.host()
    await until(lambda: len(hers.hosts) == 2)
    groups = [hers, his, *[await enter(other.me, hers) for other in others]]
    for group in groups:
        await knows(group, "Alice", "Bob", "Carol", "Dave", "Erin")
    for group in groups[2:]:
        await until(lambda group=group: len(list(group._live.open("host"))) == 2)  # type: ignore[misc]
    return people, groups


def corrupt(home: Home, change: Callable[[Sequence[SignedPost]], Sequence[bytes]]) -> None:
    """Have a host say other posts than it has."""
    groups: Groups = home.client.engine.context.groups
    true: Callable[..., Awaitable[int]] = groups.say

    async def say(turn: Any, live: Any, payload: bytes) -> int:
        message = decode(payload)
        if isinstance(message, GroupPosts):
            posts = change([SignedPost.unpack(data) for data in message.posts])
            if not posts:
                return 0
            payload = encode(GroupPosts(message.group, tuple(posts), message.old))
        return await true(turn, live, payload)

    groups.say = say  # type: ignore[method-assign] # a host with a mind of its own


async def test_a_host_dies_and_nothing_is_lost(place: Place) -> None:
    people, (_, _, third, *_) = await five(place)
    await third.send("before")
    for home in people:
        if home.me.name != "Carol":
            assert await hears(home.me) == ["Carol: before"]
    await people[0].close()
    await third.send("Alice is gone")
    for home in people[1:]:
        if home.me.name != "Carol":
            assert await hears(home.me) == ["Carol: Alice is gone"]
    await people[0].reopen()
    assert await hears(people[0].me) == ["Carol: Alice is gone"]


async def test_a_host_that_leaves_posts_out_is_named(place: Place) -> None:
    people, (_, _, third, fourth, _) = await five(place)
    corrupt(people[0], lambda posts: [each.pack() for each in posts if each.post.seq != 2])
    for number in range(3):
        await third.send(f"post {number}")
    await fourth.send("mine")
    found: list[int] = []
    gaps: list[GroupGap] = []
    async with asyncio.timeout(PATIENCE):
        async for event in people[4].me.events():
            if isinstance(event, GroupMessageReceived) and event.author == "Carol":
                found.append(event.number)
                await fourth.send("again")
            elif isinstance(event, GroupGap):
                gaps.append(event)
            if len(found) == 3 and gaps:
                break
    assert found == [1, 2, 3]
    [gap] = gaps
    assert (gap.author, gap.host, gap.first) == ("Carol", "Alice", 2)


async def test_a_host_that_changes_posts_is_found_out(place: Place) -> None:
    people, (_, _, third, _, fifth) = await five(place)

    def forge(posts: Sequence[SignedPost]) -> list[bytes]:
        return [each.pack().replace(b"at eight", b"at seven") for each in posts]

    corrupt(people[0], forge)
    await third.send("at eight")
    post, alarm = await hears_and(people[4].me, GroupAlarm)
    assert post == "Carol: at eight"
    assert alarm.warning.startswith("Alice passed on something")
    await settles(partial(history, fifth), ["Carol: at eight"])


async def test_a_post_that_nobody_has_is_named_as_missing(place: Place) -> None:
    alice, bob, carol = await homes(place, "Alice", "Bob", "Carol")
    hers = await alice.me.create_group("Hikers")
    his, _ = await enter(bob.me, hers), await enter(carol.me, hers)
    corrupt(alice, lambda posts: [each.pack() for each in posts if each.post.seq != 2])
    for number in range(3):
        await his.send(f"post {number}")
    found = await take(carol.me, GroupMessageReceived, 1)
    gap = await one(carol.me, GroupGap)
    assert (gap.author, gap.first, gap.last, gap.host) == ("Bob", 2, 2, "")
    found += await take(carol.me, GroupMessageReceived, 1)
    assert [each.number for each in found] == [1, 3]


async def test_who_does_not_forward_any_more_is_left_alone(place: Place) -> None:
    people, (_, his, third, *_) = await five(place)
    await his.host(on=False)
    await until(lambda: third.hosts == ("Alice",))
    await until(lambda: len(third._live.peers) == 1)
    await third.send("still here")
    assert await hears(people[1].me) == ["Carol: still here"]
    assert people[1].client.engine.context.addresses == {}
    with pytest.raises(StopIteration):
        next(his._live.open("member"))
