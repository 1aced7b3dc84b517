import asyncio
from io import BytesIO
from pathlib import Path
from random import Random

import pytest
from PIL import Image as Pillow
from tests.sdk.client.people import (
    PATIENCE,
    Home,
    Place,
    introduce,
    nothing_more,
    one,
    take,
    texts,
    until,
)

from graphchat import Alarm, Contact, ContactEstablished, Image, MessageReceived, Text
from graphchat.content.spoken import MAX_TEXT
from graphchat.errors import ContentError, NotFoundError, StateError
from graphchat.ids import MessageId
from graphchat.wire.limits import INLINE


def noisy_picture() -> bytes:
    """Return a picture that no codec makes small."""
    picture = Pillow.frombytes("RGB", (240, 240), Random(1).randbytes(240 * 240 * 3))
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


async def said(contact: Contact, *, query: str = "", **options: int) -> list[str]:
    lines = await contact.history(query=query, **options)
    return [line.message.text for line in lines if isinstance(line.message, Text)]


async def test_the_longest_text_arrives(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    text = "".join(chr(0x10000 + n % 2000) for n in range(MAX_TEXT))
    await hers.send(text)
    assert await texts(bob.me, 1) == [text]
    with pytest.raises(ContentError):
        await his.post(text + "x")
    await his.post("still alive")
    assert await texts(alice.me, 1) == ["still alive"]


async def test_a_picture_arrives(alice: Home, bob: Home, tmp_path: Path) -> None:
    hers, his = await introduce(alice.me, bob.me)
    path = tmp_path / "noise.png"
    path.write_bytes(noisy_picture())
    await hers.post("before")
    await hers.post(path)
    await hers.post("after")
    events = await take(bob.me, MessageReceived, 3)
    image = events[1].message
    assert isinstance(image, Image)
    # Longer than what a relay pushes: it was fetched.
    assert len(image.data) > INLINE
    assert Pillow.open(BytesIO(image.data)).size == (image.width, image.height) == (240, 240)
    assert [line.message for line in await his.history()] == [Text("before"), image, Text("after")]


async def test_a_contact_is_post_quantum_once_something_came_by_every_lane(place: Place) -> None:
    alice, bob = await place.pair("one", "two")
    his = await bob.me.connect((await alice.me.invite()).link)
    early = his.post_quantum
    await until(lambda: his.post_quantum)
    [hers] = await alice.me.contacts()
    await until(lambda: hers.post_quantum)
    assert not early
    await alice.reopen()
    [hers] = await alice.me.contacts()
    assert hers.post_quantum


async def test_what_is_no_picture_is_not_sent(alice: Home, bob: Home, tmp_path: Path) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    path = tmp_path / "fake.png"
    path.write_bytes(b"no picture at all")
    for wrong in (path, tmp_path / "missing.png", tmp_path):
        with pytest.raises(ContentError):
            await hers.post(wrong)
    with pytest.raises(ContentError, match="16 bytes"):
        await hers.post("hello", id=MessageId(b"short"))
    assert await hers.history() == []


async def test_one_id_is_said_once(alice: Home, bob: Home, quick_receipts: None) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    name = MessageId(bytes(16))
    first = await hers.post("once", id=name)
    again = await hers.post("once", id=name)
    await alice.reopen()
    [hers] = await alice.me.contacts()
    later = await hers.send("once", id=name)
    assert first.id == again.id == later.id == name
    assert await texts(bob.me, 1) == ["once"]
    await nothing_more(bob.me)
    async with asyncio.timeout(PATIENCE):
        await later.delivered()
    assert (await hers.post("once", id=name)).state == "delivered"


async def test_a_repeated_post_follows_the_message(place: Place, quick_receipts: None) -> None:
    alice, bob = await place.pair()
    hers, _ = await introduce(alice.me, bob.me)
    await bob.close()
    await place.relays["one"].kill()
    name = MessageId(bytes(16))
    await hers.post("once", id=name)
    await alice.reopen()
    [hers] = await alice.me.contacts()
    again = await hers.post("once", id=name)
    states = [str(again.state)]
    await place.relays["one"].start()
    async with asyncio.timeout(PATIENCE):
        await again.sent()
    assert [*states, again.state] == ["queued", "sent"]


async def test_history_has_both_sides_in_pages(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    for number in range(5):
        await hers.post(f"ping {number}")
        await texts(bob.me, 1)
        await his.post(f"Pong {number}")
        await texts(alice.me, 1)
    lines = await hers.history()
    assert [line.outgoing for line in lines] == [True, False] * 5
    assert {line.state for line in lines if not line.outgoing} == {"received"}
    assert await said(hers, limit=3) == ["Pong 3", "ping 4", "Pong 4"]
    assert await said(hers, limit=2, before=lines[2].position) == ["ping 0", "Pong 0"]
    assert await said(hers, query="PONG", limit=2) == ["Pong 3", "Pong 4"]
    assert await said(hers, query="%") == []
    assert await said(hers, limit=0) == await said(hers, limit=-1) == []
    times = [line.sent_at for line in lines]
    assert times == sorted(times)


async def test_what_is_sent_before_the_answer_waits(alice: Home, bob: Home) -> None:
    invitation = await alice.me.invite()
    await alice.close()
    his = await bob.me.connect(invitation.link)
    early = [await his.post(f"early {number}") for number in range(3)]
    assert {receipt.state for receipt in early} == {"queued"}
    await alice.reopen()
    assert await texts(alice.me, 3) == ["early 0", "early 1", "early 2"]


async def test_a_removed_contact_is_gone_for_good(place: Place) -> None:
    alice, bob = await place.pair("one", "two")
    hers, his = await introduce(alice.me, bob.me)
    await one(alice.me, ContactEstablished)
    await hers.send("hello")
    await his.send("you there?")
    await hers.remove()
    assert await alice.me.contacts() == []
    for attempt in (hers.post("hello"), hers.remove()):
        with pytest.raises(NotFoundError):
            await attempt
    assert await hers.history() == []
    async with asyncio.timeout(PATIENCE):
        await alice.client.settled()
    assert (await his.send("gone?", timeout=0.3)).state == "queued"
    await alice.reopen()
    assert await alice.me.contacts() == []
    assert await alice.me.pending_events() == []


async def test_a_removal_ends_waiting(alice: Home, bob: Home) -> None:
    invitation = await alice.me.invite()
    await alice.close()
    his = await bob.me.connect(invitation.link)
    waiting = asyncio.create_task(his.established())
    await asyncio.sleep(0)
    await his.remove()
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(StateError, match="removed"):
            await waiting


async def test_removal_and_messages_at_the_same_moment(alice: Home, bob: Home) -> None:
    for _ in range(5):
        hers, his = await introduce(alice.me, bob.me)
        await take(alice.me, ContactEstablished)
        await asyncio.gather(
            *(his.post(f"{number}") for number in range(10)),
            *(hers.post(f"{number}") for number in range(10)),
            hers.remove(),
            return_exceptions=True,
        )
    kept, his = await introduce(alice.me, bob.me)
    await his.post("after all that")
    events = await take(alice.me, MessageReceived)
    assert (events[0].contact, events[0].message) == (kept, Text("after all that"))
    assert [each.id for each in await alice.me.contacts()] == [kept.id]


async def test_news_of_a_removed_contact_never_shows_as_anothers(place: Place) -> None:
    alice, bob = await place.pair()
    mallory = await place.home("Mallory", [await place.relay("one")])
    hers, theirs = await introduce(alice.me, mallory.me)
    await theirs.send("I am your bank")
    await alice.me.wait_events(1)
    await hers.remove()
    await alice.reopen()
    await introduce(alice.me, bob.me)
    events = await alice.me.pending_events()
    assert [type(event) for event in events] == [ContactEstablished]


async def test_theirs_does_not_hide_behind_an_id_of_ours(
    alice: Home, bob: Home, quick_receipts: None
) -> None:
    hers, his = await introduce(alice.me, bob.me)
    ours = await hers.send("the contract")
    theirs = await his.send("I hereby cancel the contract", id=ours.id)
    async with asyncio.timeout(PATIENCE):
        await theirs.delivered()
    assert [line.message for line in await hers.history()] == [
        Text("the contract"),
        Text("I hereby cancel the contract"),
    ]


async def test_one_id_for_two_messages_is_told(
    alice: Home, bob: Home, quick_receipts: None
) -> None:
    hers, his = await introduce(alice.me, bob.me)
    first = await his.post("yes")
    # More than the machine itself remembers.
    receipts = [await his.post(str(number)) for number in range(20)]
    async with asyncio.timeout(PATIENCE):
        await receipts[-1].delivered()
    await bob.client.engine.context.database.write(
        lambda cursor: cursor.execute("DELETE FROM client_message WHERE msg_id = ?", (first.id,))
    )
    await his.post("no", id=first.id)
    async with asyncio.timeout(PATIENCE):
        async for event in alice.me.events():
            assert getattr(event, "message", None) != Text("no")
            if isinstance(event, Alarm):
                break
    assert Text("no") not in [line.message for line in await hers.history()]


async def test_safety_words_are_the_same_on_both_sides(place: Place) -> None:
    alice, bob = await place.pair()
    hers, his = await introduce(alice.me, bob.me)
    words = hers.safety_words()
    assert words == his.safety_words()
    assert len(words) == 6
    await alice.reopen()
    assert (await alice.me.contact("Bob")).safety_words() == words
    with pytest.raises(StateError, match="not answered"):
        (await bob.me.connect((await alice.me.invite()).link)).safety_words()
