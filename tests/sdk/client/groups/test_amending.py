"""What is posted about posts is merged into them, for everybody alike."""

from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from tests.sdk.client.groups.crowd import enter, hears, homes, knows, settles
from tests.sdk.client.people import Home, Place, take

from graphchat import Delete, Group, GroupMessageReceived, Poll, Text
from graphchat.client.groups import amending, keeper
from graphchat.client.groups.amending import About, merged
from graphchat.content import Edit, Reaction, Vote
from graphchat.core.groups.actions import Change
from graphchat.errors import ContentError, NotFoundError, StateError
from graphchat.ids import MessageId

HER, HIM = b"h" * 32, b"b" * 32
ID = b"i" * 16


def test_only_its_author_edits_a_post_and_the_last_edit_counts() -> None:
    said = [
        About(HER, Edit(ID, "two"), 1.0),
        About(HIM, Edit(ID, "a lie"), 2.0),
        About(HER, Edit(ID, "three"), 3.0),
    ]
    found = merged(HER, Text("one"), said)
    assert found.message == Text("three")
    assert found.edited_at is not None
    assert found.edited_at.timestamp() == 3.0


def test_the_last_reaction_of_each_counts_and_can_be_taken_back() -> None:
    said = [
        About(HER, Reaction(ID, "👍"), 1.0),
        About(HIM, Reaction(ID, "❤️"), 1.0),
        About(HER, Reaction(ID, "😀"), 2.0),
        About(HIM, Reaction(ID, ""), 3.0),
    ]
    assert merged(HER, Text("one"), said).reactions == {HER: "😀"}


def test_votes_count_as_the_poll_allows() -> None:
    poll = Poll("When?", ("Saturday", "Sunday"), closes_ms=5_000)
    said = [
        About(HER, Vote(ID, (0,)), 1.0),
        About(HIM, Vote(ID, (0, 1)), 1.0),
        About(HER, Vote(ID, (1,)), 2.0),
        About(HER, Vote(ID, (0,)), 9.0),
    ]
    assert merged(HER, poll, said).votes == {HER: (1,)}
    assert merged(HER, Text("no poll"), said).votes == {}


async def crowd(place: Place) -> tuple[list[Home], Group, Group]:
    alice, bob = found = await homes(place, "Alice", "Bob")
    hers = await alice.me.create_group("Hikers")
    his = await enter(bob.me, hers)
    await knows(hers, "Alice", "Bob")
    return found, hers, his


async def said(group: Group) -> list[str]:
    lines = await group.history()
    return [line.message.text if isinstance(line.message, Text) else "-" for line in lines]


async def test_a_transcript_of_edits_reactions_and_votes(place: Place) -> None:
    (_, bob), hers, his = await crowd(place)
    await hers.send("Sunday at eight?")
    await hers.send(Poll("Where?", ("Harbour", "Station")))
    await take(bob.me, GroupMessageReceived, 2)
    me = next(each.key for each in his.members() if each.name == "Alice")
    first, poll = await his.find(me, 1), await his.find(me, 2)
    await hers.edit(first, "Sunday at nine?")
    await his.react(first, "👍")
    await his.vote(poll, 1)
    await hers.vote(poll, 0)

    async def both() -> list[object]:
        found: list[object] = []
        for group in (hers, his):
            one, two = await group.history()
            found += [
                (one.message, one.edited_at is not None, one.reactions),
                sorted(two.votes),
            ]
        return found

    now = (Text("Sunday at nine?"), True, (("Bob", "👍"),))
    await settles(both, 2 * [now, [("Alice", (0,)), ("Bob", (1,))]])
    assert [line.number for line in await his.history(query="nine")] == [1]
    assert await his.history(query="eight") == []
    await bob.reopen()
    [his] = await bob.me.groups()
    assert (await his.history())[0].message == Text("Sunday at nine?")


async def test_what_cannot_be_said_about_a_post_is_refused(place: Place) -> None:
    (_, bob), hers, his = await crowd(place)
    await hers.send("Sunday at eight?")
    await take(bob.me, GroupMessageReceived)
    me = next(each.key for each in his.members() if each.name == "Alice")
    post = await his.find(me, 1)
    with pytest.raises(StateError, match="Only its author"):
        await his.edit(post, "mine now")
    with pytest.raises(StateError, match="no poll"):
        await his.vote(post, 0)
    with pytest.raises(NotFoundError):
        await his.find(me, 2)
    with pytest.raises(NotFoundError):
        await his.react(MessageId(b"x" * 16), "👍")
    with pytest.raises(ContentError, match=r"Group\.delete"):
        await his.post(Delete(post))
    # Another program may post such an edit; it changes nothing.
    await his.send(Edit(post, "a lie"))
    await hears_edit(his)
    assert await said(hers) == await said(his) == ["Sunday at eight?"]


async def hears_edit(group: Group) -> None:
    ids = [line.id for line in await group.history()]
    read = group._engine.context.database.read
    found = await read(lambda cursor: amending.about(group.row_id, ids, cursor))
    assert found


async def test_a_search_finds_words_and_their_beginnings(place: Place) -> None:
    _, hers, his = await crowd(place)
    for text in ("The Harbour is closed", "At the café", "東京タワーへ行く", "nothing"):
        await hers.send(text)

    async def found(query: str) -> list[str]:
        lines = await hers.history(query=query)
        return [line.message.text for line in lines if isinstance(line.message, Text)]

    assert await found("harb") == ["The Harbour is closed"]
    assert await found("CAFE") == ["At the café"]
    assert await found("タワー") == ["東京タワーへ行く"]
    assert await found("arbou") == ["The Harbour is closed"], "parts of words, by reading"
    assert await found("absent") == []
    me = next(each.key for each in hers.members() if each.me)
    await hers.delete(me, 1)
    assert await found("harbour") == []
    assert his.name == "Hikers"


async def test_posts_disappear_from_histories_and_searches_and_are_wiped(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    (_, bob), hers, his = await crowd(place)
    await hers.change(Change(disappear=2))
    await settles(his_settings(his), 2)
    await hers.send("gone soon")
    assert await hears(bob.me) == ["Alice: gone soon"]

    async def left() -> list[object]:
        return [line.message for group in (hers, his) for line in await group.history()]

    await settles(left, [None, None])
    assert await his.history(query="gone") == []
    assert await words(bob) == "gone soon", "it is not shown, though it is still there"
    monkeypatch.setattr(keeper, "SWEEP", 0.0)
    await settles(partial(words, bob), "")


def his_settings(group: Group) -> Callable[[], Awaitable[object]]:
    async def look() -> object:
        return group.settings.disappear

    return look


async def words(home: Home) -> str:
    """Return what the database has of all posts."""
    sql = "SELECT text FROM client_group_post"
    read = home.client.engine.context.database.read
    return "".join(row[0] for row in await read(lambda cursor: cursor.execute(sql).fetchall()))
