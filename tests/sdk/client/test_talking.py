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
    take,
    texts,
)

from graphchat import Alarm, Image, MessageReceived, Text
from graphchat.content.spoken import MAX_TEXT
from graphchat.errors import ContentError
from graphchat.ids import MessageId
from graphchat.wire.limits import INLINE


def noisy_picture() -> bytes:
    """Return a picture that no codec makes small."""
    picture = Pillow.frombytes("RGB", (240, 240), Random(1).randbytes(240 * 240 * 3))
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


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


async def test_what_is_no_picture_is_not_sent(alice: Home, bob: Home, tmp_path: Path) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    path = tmp_path / "fake.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n no picture at all")
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


async def test_what_is_sent_before_the_answer_waits(alice: Home, bob: Home) -> None:
    invitation = await alice.me.invite()
    await alice.close()
    his = await bob.me.connect(invitation.link)
    early = [await his.post(f"early {number}") for number in range(3)]
    assert {receipt.state for receipt in early} == {"queued"}
    await alice.reopen()
    assert await texts(alice.me, 3) == ["early 0", "early 1", "early 2"]


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
