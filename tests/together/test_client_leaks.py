"""Nothing of a conversation is in the logs, and nothing of it in clear on the disk."""

import asyncio
import logging
from pathlib import Path
from typing import Final

import msgspec
import pytest
from tests.together.traces import contents, found

from graphchat import Client, Contact, ContactRequested, MessageReceived, OwnProfile, Profile
from graphchat.client.apply import Applier
from graphchat.errors import StateError
from graphchat.secret import Secret
from graphchat.store import Cursor
from graphchat.testing.relays import TestRelay, relay

TEXT: Final = "the rabbit sleeps under the seventh stone"
CAPTION: Final = "Wilhelmina of Quedlinburg"
REQUEST: Final = "we met at the observatory"
NAMES: Final = ("Alice Arbuthnot", "Bob Bobbington", "Carol Carruthers")


async def converse(alice: OwnProfile, bob: OwnProfile, carol: OwnProfile) -> None:
    """Do a little of everything, with relays that fail in between."""
    invitation = await alice.invite()
    his = await bob.connect(invitation.link)
    hers = await invitation.contact()
    await his.established()
    await hers.send(TEXT)
    await his.send(TEXT + " no more")
    with pytest.raises(StateError):
        await bob.connect(invitation.link)
    address = await alice.create_address()
    await carol.connect(address.link, text=REQUEST)
    async for event in alice.events():
        if isinstance(event, ContactRequested):
            await (await event.accept()).established()
            break
    await heard(bob)


async def heard(profile: OwnProfile) -> None:
    async for event in profile.events():
        if isinstance(event, MessageReceived):
            return


async def after_a_failure(server: TestRelay, contact: Contact, listener: OwnProfile) -> None:
    """Lose the relay in the middle, and go on when it is there again."""
    await server.kill()
    await contact.post(TEXT + " again")
    await asyncio.sleep(0.3)
    await server.start()
    await heard(listener)


def everything(cursor: Cursor) -> list[bytes]:
    """Return every value that a database holds, but what is short or a plain word."""
    tables = cursor.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'client%'"
    ).fetchall()
    values = [
        value
        for (table,) in tables
        for row in cursor.execute(f"SELECT * FROM {table}").fetchall()
        for value in row
    ]
    return [value for value in values if isinstance(value, bytes) and len(value) >= 16]


def secrets(value: object) -> list[bytes]:
    """Return every key, id and text of a stored machine, however deep."""
    match value:
        case Secret():
            return [bytes(value.reveal())]
        case bytes() if 16 <= len(value) <= 40:
            return [value]
        case dict():
            return [each for one in value.values() for each in secrets(one)]
        case list():
            return [each for one in value for each in secrets(one)]
        case _:
            return []


def unpacked(value: bytes) -> object:
    try:
        return msgspec.msgpack.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return value


async def private_values(client: Client) -> list[bytes]:
    """Return what belongs to the owner of this client only: keys, ids of queues, stored blobs."""
    values = await client.engine.context.database.read(everything)
    return [*values, *(each for value in values for each in secrets(unpacked(value)))]


async def test_a_relay_that_keeps_everything_knows_no_name_and_no_text(tmp_path: Path) -> None:
    async with asyncio.timeout(60), relay(folder=tmp_path / "relay") as server:
        alice = Client(tmp_path / "alice.db", relays=[server.uri])
        bob = Client(tmp_path / "bob.db", relays=[server.uri])
        async with alice:
            async with bob:
                hers = await alice.create_profile(Profile(NAMES[0], bio=CAPTION))
                his = await bob.create_profile(Profile(NAMES[1], bio=CAPTION))
                invitation = await hers.invite()
                await (await his.connect(invitation.link)).established()
                contact = await invitation.contact()
            before = server.metrics["stored"]
            await contact.send(TEXT)  # to somebody who is away
            assert server.metrics["stored"] > before
            kept = contents(tmp_path / "relay")
    for text in (TEXT, CAPTION, *NAMES):
        assert text.encode() not in kept


async def fail(turn: Applier) -> None:
    raise StateError(TEXT)


async def test_logs_and_files_tell_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(1)
    asyncio.get_running_loop().set_debug(True)
    logging.getLogger("graphchat_relay").setLevel(1)
    folders = [tmp_path / f"home{number}" for number in range(3)]
    private: list[bytes] = []
    async with asyncio.timeout(60), relay() as one, relay() as two:
        uris = [one.uri, two.uri]
        alice, bob, carol = (Client(folder / "client.db", relays=uris) for folder in folders)
        async with alice, bob, carol:
            people = [
                await client.create_profile(Profile(name, bio=CAPTION))
                for client, name in zip((alice, bob, carol), NAMES, strict=True)
            ]
            await converse(*people)
            private += await private_values(alice) + await private_values(bob)
            [contact] = [each for each in await people[0].contacts() if each.trust]
            await after_a_failure(one, contact, people[1])
            for client in (alice, bob, carol):
                private += await private_values(client)
                client.engine.soon(fail)
                await asyncio.sleep(0.1)
    logged = "\n".join(
        f"{record.getMessage()} {record.exc_info} {record.args!r}" for record in caplog.records
    )
    assert "a task of the client failed: StateError" in logged
    for text in (TEXT, CAPTION, REQUEST, *NAMES):
        assert text not in logged
    assert len(private) > 100
    assert found(set(private), logged.encode()) == []
    assert found(private, f"{logged} {private[7].hex()}".encode()) != []
    for file in [file for folder in folders for file in folder.iterdir()]:
        raw = file.read_bytes()
        for text in (TEXT, CAPTION, REQUEST, *NAMES, "SQLite format 3", "CREATE TABLE", "127.0"):
            assert text.encode() not in raw, file.name
