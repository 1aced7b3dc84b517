"""Files between two people, over real relays: how they come, and what relays do to them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec import structs
from tests.sdk.client.crashing import Fuse, die, fuse_up
from tests.sdk.client.files.meddling import Change, Meddler, meddle
from tests.sdk.client.files.people import begun, received, written
from tests.sdk.client.people import Home, Place, introduce, one

from graphchat import Contact, File, MessageReceived, RelayFailed
from graphchat.client.files.fetching import AT_ONCE, Fetching
from graphchat.client.files.records import Where
from graphchat.content.files import CHUNK, FileHost
from graphchat.errors import (
    NotFoundError,
    RelayUnreachableError,
    RemoteProtocolError,
    StateError,
)


@dataclass
class Sent:
    """A file that waits for Bob."""

    alice: Home
    bob: Home
    contact: Contact
    """Alice, as Bob has her."""
    event: MessageReceived
    file: File
    data: bytes

    async def fetch(self, target: Path) -> bytes:
        found = await self.contact.fetch(self.event.message_id, target)
        return await asyncio.to_thread(found.read_bytes)

    def meddle(self) -> Meddler:
        """Let Bob's first relay, in the order of his home, be a bad one."""
        return meddle(self.bob.client, self.bob.me.row_id, self.bob.relays[0])


async def sent(place: Place, folder: Path, size: int, *relays: str) -> Sent:
    alice, bob = await place.pair(*relays)
    friend, _ = await introduce(alice.me, bob.me)
    path = written(folder, size)
    await (await begun(friend, path)).uploaded()
    return Sent(alice, bob, *await received(bob), path.read_bytes())


async def test_a_receiver_that_is_killed_fetches_only_what_is_missing(
    place: Place, tmp_path: Path
) -> None:
    waiting = await sent(place, tmp_path, 14 * CHUNK, "one")
    bob, fuse = waiting.bob, Fuse()
    await bob.me.acknowledge([waiting.event.id])
    fuse_up(bob.client, fuse)
    meddler, blown = waiting.meddle(), asyncio.Event()

    def kill(fetched: int) -> None:
        if fetched == 13:
            fuse.blown.set()
            blown.set()

    meddler.on_fetch = kill
    task = asyncio.create_task(waiting.fetch(tmp_path / "got.bin"))
    await asyncio.wait_for(blown.wait(), 20)
    await die(bob.client)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    bob.client._open = None
    await bob.reopen()
    [contact] = await bob.me.contacts()
    again = meddle(bob.client, bob.me.row_id, bob.relays[0])
    found = await contact.fetch(waiting.event.message_id, tmp_path / "got.bin")
    assert found.read_bytes() == waiting.data
    # Of the last ones nobody had noted that they had come.
    assert len(again.fetched) <= 1 + AT_ONCE
    assert not (tmp_path / f".{waiting.event.message_id.hex()}.part").exists()


async def test_one_of_two_relays_is_enough_to_fetch(place: Place, tmp_path: Path) -> None:
    waiting = await sent(place, tmp_path, CHUNK + 1, "one", "two")
    waiting.meddle().dead = True
    assert await waiting.fetch(tmp_path / "got.bin") == waiting.data


def flip(_: int, envelope: bytes) -> bytes:
    return envelope[:1000] + bytes([envelope[1000] ^ 1]) + envelope[1001:]


def cut(_: int, envelope: bytes) -> bytes:
    return envelope[:15_360]


def swap() -> Change:
    """Hand on the first envelope in place of all."""
    first: list[bytes] = []

    def change(_: int, envelope: bytes) -> bytes:
        first.append(envelope)
        return first[0]

    return change


@pytest.mark.parametrize("change", [flip, cut, swap()])
async def test_a_relay_that_changes_a_file_is_found_and_named(
    change: Change, place: Place, tmp_path: Path
) -> None:
    waiting = await sent(place, tmp_path, 2 * CHUNK, "one", "two")
    waiting.meddle().change = change
    assert await waiting.fetch(tmp_path / "got.bin") == waiting.data
    failed = await one(waiting.bob.me, RelayFailed)
    assert (failed.relay, failed.ours) == (waiting.bob.client.relays[0].base, False)
    assert failed.why == ("loses" if change not in {flip, cut} else "alters")


async def test_a_relay_that_holds_chunks_back_is_found_and_named(
    place: Place, tmp_path: Path
) -> None:
    waiting = await sent(place, tmp_path, 2 * CHUNK, "one", "two")
    waiting.meddle().most = 1
    assert await waiting.fetch(tmp_path / "got.bin") == waiting.data
    failed = await one(waiting.bob.me, RelayFailed)
    assert (failed.relay, failed.why) == (waiting.bob.client.relays[0].base, "loses")


async def test_with_one_relay_what_is_wrong_is_said(place: Place, tmp_path: Path) -> None:
    waiting = await sent(place, tmp_path, 2 * CHUNK, "one")
    meddler, target = waiting.meddle(), tmp_path / "got.bin"
    meddler.change = flip
    with pytest.raises(RemoteProtocolError, match="relays have changed the file"):
        await waiting.fetch(target)
    meddler.change, meddler.most = (lambda _, envelope: envelope), 1
    with pytest.raises(NotFoundError, match="not at the relays any more"):
        await waiting.fetch(target)
    meddler.dead = True
    with pytest.raises(RelayUnreachableError):
        await waiting.fetch(target)
    assert not target.exists()
    meddler.dead, meddler.most = False, 32
    assert await waiting.fetch(target) == waiting.data


async def test_a_file_that_was_deleted_is_gone(place: Place, tmp_path: Path) -> None:
    waiting = await sent(place, tmp_path, 10, "one")
    [friend] = await waiting.alice.me.contacts()
    await friend.delete(waiting.event.message_id)
    await waiting.alice.client.settled()
    fetching = Fetching(
        waiting.bob.client.engine,
        Where(waiting.contact.row_id, 0, waiting.event.message_id),
        waiting.bob.me.row_id,
        waiting.file,
    )
    with pytest.raises(NotFoundError, match="not at the relays any more"):
        await fetching.run(tmp_path / "got.bin", lambda _done, _total: None)


Forge = Callable[[File], File]


@pytest.mark.parametrize(
    ("forge", "sentence"),
    [
        (lambda file: structs.replace(file, sha256=bytes(32)), "not the file that its message"),
        (lambda file: structs.replace(file, key=bytes(32)), "relays have changed the file"),
        (
            lambda file: structs.replace(
                file, hosts=(FileHost(bytes(16), "https://relay.example/q?x"),)
            ),
            "names a relay that nobody",
        ),
        (lambda file: structs.replace(file, size=file.size - 1), "relays have changed the file"),
    ],
)
async def test_a_message_that_lies_about_its_file_brings_none(
    forge: Forge, sentence: str, place: Place, tmp_path: Path
) -> None:
    waiting = await sent(place, tmp_path, 10, "one")
    where = Where(waiting.contact.row_id, 0, waiting.event.message_id)
    engine, me = waiting.bob.client.engine, waiting.bob.me.row_id
    folder = tmp_path / "in"
    folder.mkdir()
    with pytest.raises(RemoteProtocolError, match=sentence):
        await Fetching(engine, where, me, forge(waiting.file)).run(folder, lambda *_: None)
    assert [path.name for path in folder.iterdir() if not path.name.endswith(".part")] == []


async def test_nothing_is_overwritten_and_nothing_larger_is_fetched(
    place: Place, tmp_path: Path
) -> None:
    waiting = await sent(place, tmp_path, 10, "one")
    context = waiting.bob.client.engine.context
    context.max_file = 9
    with pytest.raises(StateError, match="more than the limit here: 9"):
        await waiting.fetch(tmp_path / "got.bin")
    context.max_file = 10
    with pytest.raises(StateError, match="a file with this name already"):
        await waiting.fetch(tmp_path / "plan.bin")
    with pytest.raises(StateError, match="cannot be written"):
        await waiting.fetch(tmp_path / "none" / "got.bin")
    # The folder has what Alice sent: it stays, and what comes gets a number.
    found = await waiting.contact.fetch(waiting.event.message_id, tmp_path)
    assert found == tmp_path / "plan (2).bin"
    assert found.read_bytes() == (tmp_path / "plan.bin").read_bytes() == waiting.data


async def test_what_is_no_file_cannot_be_fetched(alice: Home, bob: Home, tmp_path: Path) -> None:
    friend, _ = await introduce(alice.me, bob.me)
    receipt = await friend.send("hello")
    with pytest.raises(StateError, match="is no file"):
        await friend.fetch(receipt.id, tmp_path)
