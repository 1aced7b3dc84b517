"""Files between two people, over real relays: how they leave."""

import asyncio
from hashlib import sha256
from pathlib import Path

import pytest
from tests.sdk.client.crashing import Fuse, die, fuse_up
from tests.sdk.client.files.meddling import meddle
from tests.sdk.client.files.people import begun, received, written
from tests.sdk.client.groups.crowd import enter, homes
from tests.sdk.client.people import Home, Place, introduce, one, take

from graphchat import (
    File,
    FileFailed,
    FileReceipt,
    GroupMessageReceived,
    LocalFile,
    MessageReceived,
    Text,
)
from graphchat.content.files import CHUNK
from graphchat.crypto.keys import SigningKey
from graphchat.errors import ContentError, NotFoundError, StateError, UnauthorizedError
from graphchat.ids import QueueId
from graphchat.wire.uri import RelayAddress

SIZE = 7 * CHUNK + 5


async def test_a_file_arrives_as_it_was_from_two_relays(place: Place, tmp_path: Path) -> None:
    alice, bob = await place.pair("one", "two")
    friend, _ = await introduce(alice.me, bob.me)
    path = written(tmp_path, SIZE)
    receipt = await begun(friend, LocalFile(path, "the plan", mime="application/x-plan"))
    told: list[tuple[int, int]] = []
    await receipt.uploaded(lambda *now: told.append(now))
    assert told[-1] == (2 * SIZE, 2 * SIZE)
    assert told == sorted(told)
    contact, event, file = await received(bob)
    assert (file.name, file.size, file.description) == ("plan.bin", SIZE, "the plan")
    assert (file.mime, file.sha256) == (
        "application/x-plan",
        sha256(path.read_bytes()).digest(),
    )
    assert [len(copies) for copies in file.strips] == [2]
    assert len({host.relay for host in file.hosts}) == 2
    (tmp_path / "in").mkdir()
    seen: list[tuple[int, int]] = []
    found = await contact.fetch(event.message_id, tmp_path / "in", lambda *now: seen.append(now))
    assert found == tmp_path / "in" / "plan.bin"
    assert found.read_bytes() == path.read_bytes()
    assert (seen[0], seen[-1]) == ((0, SIZE), (SIZE, SIZE))
    assert list(found.parent.iterdir()) == [found]
    await asyncio.wait_for(receipt.delivered(), 10)
    # Who has it deletes it at the relays: there is no second time.
    await bob.client.settled()
    with pytest.raises(NotFoundError, match="not at the relays any more"):
        await contact.fetch(event.message_id, tmp_path / "again.bin")


async def test_an_empty_file_needs_no_relay(place: Place, tmp_path: Path) -> None:
    alice, bob = await place.pair()
    friend, _ = await introduce(alice.me, bob.me)
    await friend.send(written(tmp_path, 0, "empty.txt"))
    contact, event, file = await received(bob)
    assert (file.size, file.strips, file.mime) == (0, (), "text/plain")
    found = await contact.fetch(event.message_id, tmp_path / "got.txt")
    assert found.read_bytes() == b""


async def test_a_sender_that_is_killed_goes_on_where_it_was(place: Place, tmp_path: Path) -> None:
    alice, bob = await place.pair("one", "two")
    friend, _ = await introduce(alice.me, bob.me)
    path, fuse = written(tmp_path, SIZE), Fuse()
    fuse_up(alice.client, fuse)
    meddler = meddle(alice.client, alice.me.row_id, alice.relays[0])
    blown = asyncio.Event()
    meddler.on_put = lambda puts: (fuse.blown.set(), blown.set()) if puts == 6 else None  # type: ignore[func-returns-value, assignment]
    await begun(friend, path)
    await asyncio.wait_for(blown.wait(), 20)
    await die(alice.client)
    alice.client._open = None
    await alice.reopen()
    [upload] = alice.client.engine.uploads.all()
    # Of the sixth nobody knew whether it had got through.
    assert upload.filling.done == 5 * CHUNK
    contact, event, file = await received(bob)
    assert [len(copies) for copies in file.strips] == [2]
    found = await contact.fetch(event.message_id, tmp_path / "got.bin")
    assert found.read_bytes() == path.read_bytes()


async def test_one_of_two_relays_is_enough_to_send(place: Place, tmp_path: Path) -> None:
    alice, bob = await place.pair("one", "two")
    friend, _ = await introduce(alice.me, bob.me)
    meddler = meddle(alice.client, alice.me.row_id, alice.relays[0])
    meddler.dead = True
    path = written(tmp_path, CHUNK + 1)
    await (await begun(friend, path)).uploaded()
    contact, event, file = await received(bob)
    assert [host.base for host in file.hosts] == [alice.client.relays[1].base]
    found = await contact.fetch(event.message_id, tmp_path / "got.bin")
    assert found.read_bytes() == path.read_bytes()


async def test_cancelling_deletes_what_relays_have(place: Place, tmp_path: Path) -> None:
    alice, bob = await place.pair()
    friend, _ = await introduce(alice.me, bob.me)
    meddler = meddle(alice.client, alice.me.row_id, alice.relays[0])
    reached, hold = asyncio.Event(), asyncio.Event()
    real = meddler.put

    async def put(relay: RelayAddress, sender: QueueId, message: bytes) -> None:
        await real(relay, sender, message)
        reached.set()
        await hold.wait()

    meddler.put = put  # type: ignore[method-assign]
    receipt = await begun(friend, written(tmp_path, 2 * CHUNK))
    await asyncio.wait_for(reached.wait(), 20)
    [upload] = alice.client.engine.uploads.all()
    queue = upload.filling.stored.places[0, 0].state
    assert await receipt.cancel()
    assert not await receipt.cancel()
    with pytest.raises(StateError, match="was cancelled"):
        await receipt.delivered()
    await alice.client.settled()
    [relay] = alice.client.relays
    with pytest.raises(UnauthorizedError):
        await meddler.listed(relay, QueueId(queue.recipient_id), SigningKey(queue.key))
    await friend.send("never mind")
    event = await one(bob.me, MessageReceived)
    assert event.message == Text("never mind")
    await alice.reopen()
    assert alice.client.engine.uploads.all() == []


async def test_a_file_that_changes_while_it_is_sent_is_not_sent(
    place: Place, tmp_path: Path
) -> None:
    alice, bob = await place.pair()
    friend, _ = await introduce(alice.me, bob.me)
    path = written(tmp_path, 3 * CHUNK)
    meddler = meddle(alice.client, alice.me.row_id, alice.relays[0])
    meddler.on_put = lambda puts: path.unlink() if puts == 1 else None
    receipt = await begun(friend, path)
    with pytest.raises(StateError, match="was changed or removed while it was sent"):
        await receipt.uploaded()
    with pytest.raises(StateError, match="was changed or removed"):
        await receipt.sent()
    failed = await one(alice.me, FileFailed)
    assert (failed.contact, failed.name, failed.message_id) == (friend, "plan.bin", receipt.id)
    assert "Send it again" in failed.reason
    await friend.send("sorry")
    assert (await one(bob.me, MessageReceived)).message == Text("sorry")


async def test_one_id_is_sent_once(place: Place, tmp_path: Path) -> None:
    alice, bob = await place.pair()
    friend, _ = await introduce(alice.me, bob.me)
    path = written(tmp_path, 10)
    first = await friend.send(path, id=bytes(16))  # type: ignore[arg-type]
    second = await friend.send(path, id=bytes(16))  # type: ignore[arg-type]
    assert first.id == second.id
    await friend.send("end")
    files, end = await take(bob.me, MessageReceived, 2)
    assert (files.message_id, end.message) == (first.id, Text("end"))


async def test_what_cannot_be_sent_is_refused_at_once(
    alice: Home, bob: Home, tmp_path: Path
) -> None:
    friend, _ = await introduce(alice.me, bob.me)
    alice.client.engine.context.max_file = 5
    for file, sentence in [
        (LocalFile(tmp_path / "none"), "cannot be read: No such file"),
        (LocalFile(tmp_path), "cannot be read: Is a directory"),
        (LocalFile(written(tmp_path, 6, "six")), "larger than 5 bytes"),
        (LocalFile(written(tmp_path, 5), name="../up"), "leads to another folder"),
        (LocalFile(written(tmp_path, 5), mime="text"), "media type"),
        (LocalFile(written(tmp_path, 5), "x" * 1001), "description"),
    ]:
        with pytest.raises(ContentError, match=sentence):
            await friend.post(file)
    assert alice.client.engine.uploads.all() == []


async def test_a_contact_that_is_removed_gets_no_file(place: Place, tmp_path: Path) -> None:
    alice, bob = await place.pair()
    friend, _ = await introduce(alice.me, bob.me)
    meddler = meddle(alice.client, alice.me.row_id, alice.relays[0])
    meddler.dead = True
    receipt = await begun(friend, written(tmp_path, 10))
    await friend.remove()
    with pytest.raises(StateError, match="was removed"):
        await receipt.uploaded()
    await alice.reopen()
    assert alice.client.engine.uploads.all() == []


async def test_a_file_in_a_group_stays_for_all_members(place: Place, tmp_path: Path) -> None:
    alice, bob, carol = await homes(place, "Alice", "Bob", "Carol")
    hers = await alice.me.create_group("Hikers")
    groups = [await enter(home.me, hers) for home in (bob, carol)]
    path = written(tmp_path, 1000)
    receipt = await hers.post(LocalFile(path, "the map"))
    assert isinstance(receipt, FileReceipt)
    [(whom, same)] = await alice.me.uploads()
    assert (whom, same.id, same.name) == (hers, receipt.id, "plan.bin")
    await receipt.uploaded()
    assert await alice.me.uploads() == []
    await asyncio.wait_for(receipt.delivered(), 20)
    for home, group in zip((bob, carol), groups, strict=True):
        event = await one(home.me, GroupMessageReceived)
        assert isinstance(event.message, File)
        assert event.message.keep
        target = tmp_path / f"{home.me.name}.bin"
        found = await group.fetch(event.message, event.message_id, target)
        assert found.read_bytes() == path.read_bytes()
        await home.client.settled()
    assert (await hers.post(path, id=receipt.id)).state in {"sent", "delivered"}
    assert await alice.me.uploads() == []
