"""Broadcasts, and how groups are found and forgotten."""

import pytest
from tests.sdk.client.groups.crowd import enter, hears, history, homes, knows
from tests.sdk.client.people import Place, introduce, one, until

from graphchat import Broadcast, GroupInvited
from graphchat.errors import CodeError, NotFoundError, StateError


async def test_subscribers_hear_owners_and_nothing_of_each_other(place: Place) -> None:
    alice, bob, carol = await homes(place, "Alice", "Bob", "Carol")
    news = await alice.me.create_broadcast("News")
    his, third = await enter(bob.me, news), await enter(carol.me, news)
    assert isinstance(his, Broadcast)
    await until(lambda: news.subscribers == 2)
    await news.send("Rain on Sunday")
    assert await hears(bob.me) == await hears(carol.me) == ["Alice: Rain on Sunday"]
    for group in (news, his, third):
        assert [member.name for member in group.members()] == ["Alice"]
    with pytest.raises(StateError, match="role"):
        await his.post("why?")
    database = alice.client.engine.context.database
    rows = await database.read(
        lambda cursor: cursor.execute("SELECT machine FROM client_connection").fetchall()
    )
    assert not [row for (row,) in rows if b"Bob" in row or b"Carol" in row]
    await his.leave()
    await until(lambda: news.subscribers == 1)


async def test_an_invited_owner_posts_in_a_broadcast(place: Place) -> None:
    alice, bob = await homes(place, "Alice", "Bob")
    to_bob, _ = await introduce(alice.me, bob.me)
    news = await alice.me.create_broadcast("News")
    await news.invite(to_bob)
    invited = await one(bob.me, GroupInvited)
    assert invited.broadcast
    his = await invited.join()
    await his.entered()
    await knows(news, "Alice", "Bob")
    await news.set_role(news.member("Bob"), "owner")
    await until(lambda: his.role == "owner")
    await his.send("Snow on Monday")
    assert await hears(alice.me) == ["Bob: Snow on Monday"]


async def test_groups_are_found_by_name_and_by_id(place: Place) -> None:
    [alice] = await homes(place, "Alice")
    hikers = await alice.me.create_group("Hikers")
    bikers = await alice.me.create_group("Bikers")
    assert await alice.me.groups() == [bikers, hikers]
    assert await alice.me.group(hikers.id) == await alice.me.group("Hikers") == hikers
    await alice.me.create_group("Hikers")
    with pytest.raises(NotFoundError, match="Choose by id"):
        await alice.me.group("Hikers")
    with pytest.raises(NotFoundError, match="Groups: Bikers"):
        await alice.me.group("Swimmers")
    with pytest.raises(StateError, match="already"):
        await alice.me.join_group(hikers.link())
    with pytest.raises(CodeError, match="no link to a group"):
        await alice.me.join_group((await alice.me.invite()).link)
    await alice.me.remove()
    assert alice.client.engine.context.groups.index.groups == {}


async def test_what_a_group_shows_can_be_searched(place: Place) -> None:
    [alice] = await homes(place, "Alice")
    hikers = await alice.me.create_group("Hikers")
    for text in ("the red hut", "the blue lake", "the red lake"):
        await hikers.send(text)
    found = await hikers.history(query="RED", limit=1)
    assert [line.message for line in found] != []
    assert found[0].number == 3
    assert [line.number for line in await hikers.history(before=found[0].position)] == [1, 2]
    assert await history(hikers) == [
        f"Alice: {text}" for text in ("the red hut", "the blue lake", "the red lake")
    ]
