"""Edits, deletions, reactions and votes, over a real relay."""

from pathlib import Path

import pytest
from PIL import Image as Pillow
from tests.sdk.client.people import Home, introduce, nothing_more, one, take, texts, until_there

from graphchat import (
    Ballot,
    Delete,
    Edit,
    Image,
    Mark,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    Poll,
    Reacted,
    Reaction,
    Text,
    Vote,
    Voted,
)
from graphchat.client.apply import Applier
from graphchat.content import encode
from graphchat.content.amending import Amending
from graphchat.core.frame import Kind
from graphchat.errors import ContentError, NotFoundError, StateError
from graphchat.ids import MessageId


async def force(home: Home, message: Amending) -> None:
    """Say what `Contact` refuses to say."""
    [contact] = await home.me.contacts()

    async def say(turn: Applier) -> None:
        live = await home.client.engine.live(contact.row_id)
        name = MessageId(turn.context.clock.random(16))
        await turn.apply(live, [live.connection.say(Kind.CONTENT, name, encode(message))])

    await home.client.engine.do(say)


async def test_both_see_what_was_edited(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    sent = await hers.send("see you at nine")
    await texts(bob.me, 1)
    await hers.edit(sent.id, "see you at eight")
    event = await one(bob.me, MessageEdited)
    assert (event.message_id, event.message) == (sent.id, Text("see you at eight"))
    for contact in (hers, his):
        [line] = await contact.history()
        assert line.message == Text("see you at eight")
        assert line.edited_at is not None
        assert await contact.history(query="eight") == [line]
        assert await contact.history(query="nine") == []


async def test_what_was_edited_before_anybody_looked_is_told_as_it_is(
    alice: Home, bob: Home
) -> None:
    hers, his = await introduce(alice.me, bob.me)
    sent = await hers.send("first")
    await hers.edit(sent.id, "second")
    gone = await hers.send("never mind")
    await hers.delete(gone.id)
    await hers.send("last")
    await until_there(his, 3)
    assert await texts(bob.me, 2) == ["second", "last"]


async def test_a_caption_is_edited_and_the_picture_stays(
    alice: Home, bob: Home, tmp_path: Path
) -> None:
    hers, his = await introduce(alice.me, bob.me)
    Pillow.new("RGB", (30, 20), "navy").save(tmp_path / "a.png")
    sent = await hers.send(tmp_path / "a.png")
    before = (await hers.line(sent.id)).message
    with pytest.raises(ContentError, match="1,000 fit"):
        await hers.edit(sent.id, "x" * 1001)
    await hers.edit(sent.id, "our boat")
    await one(bob.me, MessageEdited)
    message = (await his.line(sent.id)).message
    assert isinstance(message, Image)
    assert isinstance(before, Image)
    assert (message.caption, message.data) == ("our boat", before.data)


async def test_a_deleted_message_leaves_nothing_but_that_it_was_there(
    alice: Home, bob: Home
) -> None:
    hers, his = await introduce(alice.me, bob.me)
    sent = await hers.send("the secret word")
    await texts(bob.me, 1)
    await his.react(sent.id, "👍")
    await one(alice.me, Reacted)
    await hers.edit(sent.id, "another secret word")
    await hers.delete(sent.id)
    assert (await one(bob.me, MessageDeleted)).message_id == sent.id
    for home, contact in ((alice, hers), (bob, his)):
        [line] = await contact.history()
        assert (line.deleted, line.edited_at, line.reactions) == (True, None, ())
        assert await contact.history(query="secret") == []
        found = await home.client.engine.context.database.read(
            lambda cursor: [
                cursor.execute("SELECT text, data FROM client_message").fetchall(),
                cursor.execute("SELECT count(*) FROM client_amendment").fetchone(),
                cursor.execute(
                    "SELECT count(*) FROM client_evidence WHERE instr(payload, 'secret') > 0"
                ).fetchone(),
                cursor.execute(
                    "SELECT count(*) FROM client_event WHERE instr(data, 'secret') > 0"
                ).fetchone(),
            ]
        )
        assert found == [[("", b"")], (0,), (0,), (0,)]
    for change in (hers.edit(sent.id, "x"), hers.react(sent.id, "👍"), hers.delete(sent.id)):
        with pytest.raises(StateError, match="deleted"):
            await change


async def test_a_message_is_deleted_on_one_side_alone(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    sent = await hers.send("hello")
    await texts(bob.me, 1)
    await his.delete(sent.id, local_only=True)
    assert [line.deleted for line in await his.history()] == [True]
    assert [line.deleted for line in await hers.history()] == [False]
    with pytest.raises(NotFoundError):
        await his.delete(sent.id, local_only=True)
    await hers.edit(sent.id, "hello again")
    await hers.send("more")
    assert await texts(bob.me, 1) == ["more"]
    assert [line.deleted for line in await his.history()] == [True, False]


async def test_only_the_author_edits_and_deletes(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    sent = await hers.send("mine")
    await texts(bob.me, 1)
    for change in (his.edit(sent.id, "yours"), his.delete(sent.id)):
        with pytest.raises(StateError, match="Only its author"):
            await change
    await force(bob, Edit(sent.id, "yours"))
    await force(bob, Delete(sent.id))
    await his.send("done")
    assert await texts(alice.me, 1) == ["done"]
    for contact in (hers, his):
        line = await contact.line(sent.id)
        assert (line.message, line.edited_at, line.deleted) == (Text("mine"), None, False)


async def test_an_id_that_both_used_means_the_message_of_its_author_or_of_the_other_side(
    alice: Home, bob: Home
) -> None:
    hers, his = await introduce(alice.me, bob.me)
    name = MessageId(bytes(range(16)))
    await hers.send("of Alice", id=name)
    await texts(bob.me, 1)
    await his.send("of Bob", id=name)
    await texts(alice.me, 1)
    await his.edit(name, "of Bob, edited")
    await one(alice.me, MessageEdited)
    await his.react(name, "👍")
    await one(alice.me, Reacted)
    for contact, mine in ((hers, True), (his, False)):
        first, second = await contact.history()
        assert (first.message, second.message) == (Text("of Alice"), Text("of Bob, edited"))
        assert first.reactions == (Mark(outgoing=not mine, emoji="👍"),)
        assert second.reactions == ()


async def test_a_reaction_replaces_the_one_before(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    sent = await hers.send("hello")
    await texts(bob.me, 1)
    await his.react(sent.id, "👍")
    await his.react(sent.id, "❤️")
    await hers.react(sent.id, "🎉")
    assert [each.emoji for each in await take(alice.me, Reacted, 2)] == ["👍", "❤️"]
    await one(bob.me, Reacted)
    [line] = await hers.history()
    assert line.reactions == (Mark(outgoing=True, emoji="🎉"), Mark(outgoing=False, emoji="❤️"))
    assert (await his.line(sent.id)).reactions == (
        Mark(outgoing=True, emoji="❤️"),
        Mark(outgoing=False, emoji="🎉"),
    )
    await his.react(sent.id, "")
    assert (await one(alice.me, Reacted)).emoji == ""
    assert (await hers.line(sent.id)).reactions == (Mark(outgoing=True, emoji="🎉"),)
    with pytest.raises(NotFoundError):
        await his.react(MessageId(bytes(16)), "👍")


async def test_votes_are_counted_as_the_poll_says(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    sent = await hers.send(Poll("Where?", ("inside", "outside")))
    await one(bob.me, MessageReceived)
    await his.vote(sent.id, 1)
    event = await one(alice.me, Voted)
    assert (event.message_id, event.options) == (sent.id, (1,))
    assert (await hers.line(sent.id)).votes == (Ballot(outgoing=False, options=(1,)),)
    for options in ((0, 1), (2,)):
        with pytest.raises(ContentError, match="2 options and takes one answer"):
            await his.vote(sent.id, *options)
        await force(bob, Vote(sent.id, options))
    await his.vote(sent.id, 0)
    assert (await one(alice.me, Voted)).options == (0,)
    await his.vote(sent.id)
    await one(alice.me, Voted)
    assert (await hers.line(sent.id)).votes == ()
    text = await hers.send("no poll")
    with pytest.raises(StateError, match="no poll"):
        await hers.vote(text.id, 0)


async def test_a_closed_poll_takes_no_vote(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    sent = await hers.send(Poll("Where?", ("inside", "outside"), closes_ms=1))
    await one(bob.me, MessageReceived)
    with pytest.raises(StateError, match="closed"):
        await his.vote(sent.id, 0)
    await force(bob, Vote(sent.id, (0,)))
    await his.send("done")
    assert await texts(alice.me, 1) == ["done"]
    assert (await hers.line(sent.id)).votes == ()


async def test_an_edit_of_something_without_text_changes_nothing(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    poll = Poll("Where?", ("inside", "outside"))
    sent = await hers.send(poll)
    with pytest.raises(StateError, match="Only texts"):
        await hers.edit(sent.id, "When?")
    await force(alice, Edit(sent.id, "When?"))
    await force(alice, Reaction(MessageId(bytes(16)), "👍"))
    await hers.send("done")
    await one(bob.me, MessageReceived)
    assert await texts(bob.me, 1) == ["done"]
    await nothing_more(bob.me, 0)
    assert (await his.line(sent.id)).message == poll


async def test_amendments_arrive_and_say_so(alice: Home, bob: Home, quick_receipts: None) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    sent = await hers.send("hello")
    edit = await hers.edit(sent.id, "hello, world")
    await edit.sent()
    await edit.delivered()
    assert edit.state == "delivered"


async def test_the_same_amendment_is_said_once(
    alice: Home, bob: Home, quick_receipts: None
) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    sent = await hers.send("a")
    await texts(bob.me, 1)
    edits = [(MessageId(bytes([n]) * 16), Edit(sent.id, text)) for n, text in enumerate("bc", 1)]
    for name, edit in edits:
        await hers.send(edit, id=name)
    for name, edit in edits:  # no receipt has come for it, perhaps
        await hers.send(edit, id=name)
    await (await hers.send("d")).delivered()
    for name, edit in edits:
        await (await hers.send(edit, id=name)).delivered()
    told = await take(bob.me, MessageEdited, 2)
    assert [event.message for event in told] == [Text("c"), Text("c")]
    assert await texts(bob.me, 1) == ["d"]
    await nothing_more(bob.me)
    left = await bob.me.pending_events()
    assert not [event for event in left if isinstance(event, MessageEdited)]
    [line, _] = await hers.history()
    assert line.message == Text("c")
