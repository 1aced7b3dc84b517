"""Members and strangers who break the rules change nothing."""

from typing import Any

import msgspec
from tests.sdk.client.groups.crowd import enter, hears, hears_and, homes, knows
from tests.sdk.client.people import Home, Place, introduce, one, until

from graphchat import Group, GroupAlarm
from graphchat.content import (
    GroupAccept,
    GroupEntries,
    GroupJoin,
    GroupLetter,
    GroupPosts,
    GroupRefuse,
    GroupReject,
    GroupWant,
)
from graphchat.content.group import Range
from graphchat.core.groups import actions as do, entry as entries, post as posts
from graphchat.core.groups.actions import Role
from graphchat.core.groups.post import Post


async def says(home: Home, connection: int, *messages: Any) -> None:
    """Have a client say what its own code would not."""

    async def work(turn: Any) -> None:
        live = await home.client.engine.live(connection)
        for message in messages:
            await turn.say_control(live, message)

    await home.client.engine.do(work)


def to_host(group: Group) -> int:
    return next(iter(group._live.open("host"))).connection


async def test_a_member_who_takes_rights_is_not_believed(place: Place) -> None:
    alice, bob, carol = await homes(place, "Alice", "Bob", "Carol")
    hers = await alice.me.create_group("Hikers")
    his, third = await enter(bob.me, hers), await enter(carol.me, hers)
    await knows(his, "Alice", "Bob", "Carol")
    own, gid = his._live, his._live.gid
    theirs = third._live.me

    def entry(action: do.Action) -> bytes:
        return entries.make(own.key, gid, own.log.heads, action, 1).pack()

    forged = bytes(64) + entry(do.Leave())[64:]
    wanted: list[do.Action] = [
        do.SetRole(own.me, Role.OWNER),
        do.Remove(theirs),
        do.SetSettings(do.Change(name="Mine")),
        do.Host("GRAPHCHAT:ADDRESS/AA"),
    ]
    await says(
        bob,
        to_host(his),
        *(GroupEntries(gid, (entry(action),)) for action in wanted),
        GroupEntries(gid, (b"rubbish",)),
        GroupEntries(gid, (forged,)),
        GroupReject(gid, theirs),
        GroupRefuse(gid, "removed"),
        GroupLetter(gid, theirs, own.me, b"x", bytes(64)),
        GroupAccept(gid, own.me, bytes(64)),
        GroupJoin(gid, own.record.ticket, own.record.ticket_signature, bytes(64)),
    )
    await his.send("still only a member")
    post, alarm = await hears_and(alice.me, GroupAlarm)
    assert [post] == await hears(carol.me) == ["Bob: still only a member"]
    assert alarm.warning.startswith("Bob passed on")
    await knows(hers, "Alice", "Bob", "Carol")
    assert (hers.name, his.role, hers.hosts) == ("Hikers", "member", ("Alice",))


async def test_nobody_posts_in_the_name_of_others(place: Place) -> None:
    alice, bob, carol = await homes(place, "Alice", "Bob", "Carol")
    hers = await alice.me.create_group("Hikers")
    his, third = await enter(bob.me, hers), await enter(carol.me, hers)
    await knows(his, "Alice", "Bob", "Carol")
    await third.send("mine")
    assert await hears(bob.me) == await hears(alice.me) == ["Carol: mine"]
    own, gid, theirs = his._live, his._live.gid, third._live.me
    head = own.chains.of(theirs).head
    post = Post(gid, theirs, 2, head, (), 5, bytes(16), msgspec.msgpack.encode({"type": "text"}))
    stranger = posts.sign(own.key, msgspec.structs.replace(post, author=b"s" * 32))
    await says(
        bob,
        to_host(his),
        GroupPosts(gid, (posts.sign(own.key, post).pack(),)),
        GroupPosts(gid, (stranger.pack(), b"rubbish")),
        GroupWant(gid, (bytes(32),), (Range(theirs, 1, 5), Range(bytes(32), 1, 5))),
    )
    await third.send("mine too")
    heard, alarm = await hears_and(alice.me, GroupAlarm)
    assert [heard] == await hears(bob.me) == ["Carol: mine too"]
    assert alarm.warning.startswith("Bob passed on")


async def test_two_posts_with_one_number_are_told(place: Place) -> None:
    alice, bob = await homes(place, "Alice", "Bob")
    hers = await alice.me.create_group("Hikers")
    his = await enter(bob.me, hers)
    await his.send("one")
    assert await hears(alice.me) == ["Bob: one"]
    own = his._live
    first = posts.first_hash(own.gid, own.me)
    payload = msgspec.msgpack.encode({"type": "text", "text": "another one"})
    other = Post(own.gid, own.me, 1, first, (), 5, bytes(16), payload)
    await says(bob, to_host(his), GroupPosts(own.gid, (posts.sign(own.key, other).pack(),)))
    assert "two different posts" in (await one(alice.me, GroupAlarm)).warning


async def test_contacts_and_strangers_cannot_speak_for_a_group(place: Place) -> None:
    alice, bob = await homes(place, "Alice", "Bob")
    to_bob, to_alice = await introduce(alice.me, bob.me)
    hers = await alice.me.create_group("Hikers", approval=True)
    await says(bob, to_alice.row_id, GroupRefuse(hers._live.gid, "removed"))
    his = await bob.me.join_group(hers.link())
    [connection] = his._live.peers
    gid = hers._live.gid
    await says(bob, connection, GroupWant(gid, (bytes(32),)), GroupReject(gid, bytes(32)))
    await until(lambda: any(peer.key for peer in hers._live.peers.values()))
    assert hers.status == "member"
    assert his.status == "asked"
    assert to_bob.state == "established"
