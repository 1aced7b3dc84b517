"""Groups of people over a real relay, as transcripts."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from tests.sdk.client.groups.crowd import (
    enter,
    hears,
    history,
    homes,
    knows,
    nothing_of_groups,
    settles,
)
from tests.sdk.client.people import Place, introduce, one, take, until

from graphchat import (
    GroupChanged,
    GroupInvited,
    GroupMessageReceived,
    JoinRequested,
    Profile,
)
from graphchat.core.groups.actions import Change
from graphchat.errors import NotFoundError, StateError
from graphchat.ids import MessageId
from graphchat.store import Cursor


async def test_three_talk_in_a_group(place: Place) -> None:
    alice, bob, carol = await homes(place, "Alice", "Bob", "Carol")
    hers = await alice.me.create_group("Hikers")
    assert (hers.role, hers.status, hers.is_host) == ("owner", "member", True)
    his = await enter(bob.me, hers)
    assert (his.name, his.role) == ("Hikers", "member")
    third = await enter(carol.me, hers)
    for group in (hers, his, third):
        await knows(group, "Alice", "Bob", "Carol")
    receipt = await hers.send("Sunday at eight?")
    assert receipt.state in {"sent", "delivered"}
    assert await hears(bob.me) == await hears(carol.me) == ["Alice: Sunday at eight?"]
    await (await his.post("I am in")).delivered()
    assert await hears(alice.me) == await hears(carol.me) == ["Bob: I am in"]
    assert await history(third) == ["Alice: Sunday at eight?", "Bob: I am in"]
    assert [contact.name for contact in await alice.me.contacts()] == []
    # Posts prove themselves: nothing is kept of the frames that carried them.
    for home in (alice, bob, carol):
        read = home.client.engine.context.database.read
        for table in ("client_evidence", "client_receipt"):
            assert await read(partial(count, table)) == 0


def count(table: str, cursor: Cursor) -> int:
    return sum(row[0] for row in cursor.execute(f"SELECT count(*) FROM {table}"))


async def test_a_contact_is_invited_and_comes_in_without_approval(place: Place) -> None:
    alice, bob = await homes(place, "Alice", "Bob")
    to_bob, _ = await introduce(alice.me, bob.me)
    hers = await alice.me.create_group("Hikers", approval=True)
    await hers.invite(to_bob)
    invited = await one(bob.me, GroupInvited)
    assert (invited.name, invited.contact.name, invited.broadcast) == ("Hikers", "Alice", False)
    his = await invited.join()
    await his.entered()
    await knows(hers, "Alice", "Bob")
    assert hers._live.state.invites == {}
    with pytest.raises(StateError, match="already"):
        await invited.join()


async def test_who_comes_by_the_link_waits_for_approval(place: Place) -> None:
    alice, bob, carol = await homes(place, "Alice", "Bob", "Carol")
    hers = await alice.me.create_group("Hikers", approval=True)
    his, third = await bob.me.join_group(hers.link()), await carol.me.join_group(hers.link())
    asking: dict[str, JoinRequested] = {}
    while len(asking) < 2:
        request = await one(alice.me, JoinRequested)
        asking[request.name] = request
    assert his.status == third.status == "asked"
    with pytest.raises(StateError, match="Nobody has let you in"):
        await his.post("hello?")
    assert {each.name for each in await hers.requests()} == {"Bob", "Carol"}
    await asking["Bob"].accept()
    await asking["Carol"].reject()
    await his.entered()
    with pytest.raises(StateError, match="not let into"):
        await third.entered()
    assert (await one(carol.me, GroupChanged)).detail == "rejected"
    assert await hers.requests() == []
    with pytest.raises(StateError, match="already"):
        await asking["Bob"].accept()


async def test_a_moderator_lets_in_by_the_host(place: Place) -> None:
    alice, bob, carol = await homes(place, "Alice", "Bob", "Carol")
    hers = await alice.me.create_group("Hikers")
    his = await enter(bob.me, hers)
    await knows(hers, "Alice", "Bob")
    await hers.set_role(hers.member("Bob"), "moderator")
    await hers.change(Change(approval=True))
    await until(lambda: his.role == "moderator" and his.settings.approval)
    third = await carol.me.join_group(hers.link())
    await (await one(bob.me, JoinRequested)).accept()
    await third.entered()
    await knows(his, "Alice", "Bob", "Carol")


async def test_newcomers_get_the_last_posts_if_the_group_wants_it(place: Place) -> None:
    alice, bob, carol = await homes(place, "Alice", "Bob", "Carol")
    hers = await alice.me.create_group("Hikers")
    for number in range(5):
        await hers.send(f"post {number}")
    his = await enter(bob.me, hers)
    await hers.change(Change(history=2))
    third = await enter(carol.me, hers)
    await hers.send("now")
    assert await hears(bob.me) == await hears(carol.me) == ["Alice: now"]
    assert await history(his) == ["Alice: now"]
    assert await history(third) == ["Alice: post 3", "Alice: post 4", "Alice: now"]
    await nothing_of_groups(carol.me)


async def test_who_is_removed_hears_nothing_more(place: Place) -> None:
    alice, bob, carol = await homes(place, "Alice", "Bob", "Carol")
    hers = await alice.me.create_group("Hikers")
    his, third = await enter(bob.me, hers), await enter(carol.me, hers)
    await knows(hers, "Alice", "Bob", "Carol")
    await hers.remove(hers.member("Bob"))
    await hers.send("Bob is out")
    assert await hears(carol.me) == ["Alice: Bob is out"]
    await until(lambda: his.status == "removed")
    while (await one(bob.me, GroupChanged)).what != "expelled":
        pass
    await nothing_of_groups(bob.me)
    assert await history(his) == []
    await until(lambda: not his._live.peers and len(hers._live.peers) == 1)
    with pytest.raises(StateError, match="not in Hikers any more"):
        await his.post("hello?")
    again = await enter(bob.me, hers)
    await knows(again, "Alice", "Bob", "Carol")
    await third.send("welcome back")
    assert await hears(bob.me) == ["Carol: welcome back"]


async def test_who_is_banned_does_not_come_back(place: Place) -> None:
    alice, bob = await homes(place, "Alice", "Bob")
    hers = await alice.me.create_group("Hikers")
    his = await enter(bob.me, hers)
    await hers.ban(hers.member("Bob"))
    await until(lambda: his.status == "removed")
    assert his._live.me in hers._live.state.banned


async def test_posts_are_deleted_everywhere_and_members_are_muted(place: Place) -> None:
    alice, bob, carol = await homes(place, "Alice", "Bob", "Carol")
    hers = await alice.me.create_group("Hikers")
    his, third = await enter(bob.me, hers), await enter(carol.me, hers)
    await his.send("buy my shoes")
    [spam] = await take(alice.me, GroupMessageReceived)
    assert await hears(carol.me) == ["Bob: buy my shoes"]
    with pytest.raises(StateError, match="does not allow"):
        await third.delete(spam.author_key, spam.number)
    await hers.delete(spam.author_key, spam.number)
    for group in (hers, his, third):
        await settles(partial(history, group), ["Bob: -"])
    await hers.mute(hers.member("Bob"), datetime.now(UTC) + timedelta(hours=1))
    await until(lambda: his.member("Bob").muted_until is not None)
    with pytest.raises(StateError, match="muted"):
        await his.post("and my socks")
    await hers.mute(hers.member("Bob"), None)
    await until(lambda: his.member("Bob").muted_until is None)
    await his.send("sorry")
    assert await hears(carol.me) == ["Bob: sorry"]


async def test_who_leaves_is_out_and_the_last_owner_stays(place: Place) -> None:
    alice, bob = await homes(place, "Alice", "Bob")
    hers = await alice.me.create_group("Hikers")
    his = await enter(bob.me, hers)
    await knows(hers, "Alice", "Bob")
    with pytest.raises(StateError, match="only owner"):
        await hers.leave()
    await his.leave()
    await knows(hers, "Alice")
    assert his.status == "left"
    await until(lambda: not his._live.peers and not hers._live.peers)
    await his.forget()
    assert await bob.me.groups() == []
    await hers.forget()
    assert await alice.me.groups() == []


async def test_a_group_goes_on_after_a_restart(place: Place) -> None:
    alice, bob = await homes(place, "Alice", "Bob")
    hers = await alice.me.create_group("Hikers")
    his = await enter(bob.me, hers)
    await his.send("before")
    assert await hears(alice.me) == ["Bob: before"]
    await alice.reopen()
    await his.post("while you were away")
    await bob.reopen()
    assert await hears(alice.me) == ["Bob: while you were away"]
    hers = await alice.me.group("Hikers")
    await hers.send("back again")
    assert await hears(bob.me) == ["Alice: back again"]
    assert (await bob.me.group(hers.id)).role == "member"


async def test_a_post_with_a_known_id_is_posted_once(place: Place) -> None:
    alice, bob = await homes(place, "Alice", "Bob")
    hers = await alice.me.create_group("Hikers")
    his = await enter(bob.me, hers)
    name = MessageId(bytes(16))
    await his.send("once", id=name)
    await his.send("once", id=name)
    await his.send("twice")
    assert await hears(alice.me, 2) == ["Bob: once", "Bob: twice"]


async def test_a_host_is_told_who_came_in_and_what_they_are(place: Place) -> None:
    one_relay = await place.relay("one")
    alice, bot = await place.home("Alice", [one_relay]), await place.home("Robot", [one_relay])
    await bot.me.edit(Profile("Robot", kind="bot"))
    hers = await alice.me.create_group("Hikers")
    his = await enter(bot.me, hers)
    entered, joined = await take(alice.me, GroupChanged, 2)
    assert (entered.what, joined.what, joined.whom) == ("entered", "joined", "Robot")
    member = hers.member(joined.whom_key)
    assert (member.name, member.kind, member.role) == ("Robot", "bot", "member")
    assert {each.name: each.kind for each in his.members()} == {"Alice": "person", "Robot": "bot"}
    with pytest.raises(NotFoundError):
        hers.member(bytes(32))


async def test_a_post_is_found_by_its_id(place: Place) -> None:
    alice, bob = await homes(place, "Alice", "Bob")
    hers = await alice.me.create_group("Hikers")
    his = await enter(bob.me, hers)
    await his.send("first", id=MessageId(b"1" * 16))
    await his.send("second", id=MessageId(b"2" * 16))
    posts = [await one(alice.me, GroupMessageReceived) for _ in range(2)]
    key = posts[0].author_key
    assert [await hers.number(key, post.message_id) for post in posts] == [1, 2]
    assert [await his.is_mine(post.message_id) for post in posts] == [True, True]
    assert not await hers.is_mine(posts[0].message_id)
    await hers.delete(key, 1)
    with pytest.raises(NotFoundError):
        await hers.number(key, posts[0].message_id)
    with pytest.raises(NotFoundError):
        await hers.number(bytes(32), posts[1].message_id)
