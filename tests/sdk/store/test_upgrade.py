"""Homes of every version that was released open with this one, and talk on."""

import asyncio
import re
import shutil
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any, Final

import pytest
from tests.sdk.store.make_fixture import FIXTURES, KEPT, PASSPHRASE

from graphchat import Client, Image, MessageReceived, OwnProfile, Text
from graphchat.crypto import vault
from graphchat.store.cipher import connect
from graphchat.store.schema import CLIENT
from graphchat.testing.relays import relay

HOMES: Final = sorted(FIXTURES.iterdir())
PATIENCE: Final = 30.0
PLACE: Final = re.compile(rb"(http://127\.0\.0\.1:)\d{5}(?!\d)")

every = pytest.mark.parametrize("home", HOMES, ids=lambda path: path.name)


def moved(value: object, port: bytes) -> object:
    """Return a value of a row as it were if the relay had been at ``port``."""
    match value:
        case bytes():
            return PLACE.sub(rb"\g<1>" + port, value)
        case str():
            return PLACE.sub(rb"\g<1>" + port, value.encode()).decode()
        case _:
            return value


def move_relay(path: Path, port: bytes) -> None:
    """Let a database know the relay at its new port: the length of a record stays the same."""
    key = vault.unlock(path.with_name(f"{path.name}.vault").read_bytes(), PASSPHRASE)
    with closing(connect(path, key)) as database:
        for table, columns in tables(database):
            names = ", ".join(f"{name} = ?" for name in columns)
            for row in database.execute(f"SELECT rowid, * FROM {table}").fetchall():
                values = [moved(value, port) for value in tuple(row)[1:]]
                database.execute(f"UPDATE {table} SET {names} WHERE rowid = ?", (*values, row[0]))


def tables(database: Any) -> list[tuple[str, list[str]]]:
    known = database.execute("SELECT name FROM sqlite_master WHERE name IN (?, ?, ?, ?)", NAMED)
    return [
        (
            name,
            [row[0] for row in database.execute("SELECT name FROM pragma_table_info(?)", [name])],
        )
        for (name,) in map(tuple, known.fetchall())
    ]


NAMED: Final = ("client_relay", "client_lane", "client_connection", "client_work")


async def heard(profile: OwnProfile, wanted: str) -> None:
    """Return once a message with this text has come."""
    async for event in profile.events():
        if isinstance(event, MessageReceived) and event.message == Text(wanted):
            return


def test_this_version_of_the_schema_will_have_a_fixture_at_its_release() -> None:
    versions = [int(home.name.removeprefix("schema-")) for home in HOMES]
    assert versions
    assert max(versions) <= CLIENT.version
    assert all({path.name for path in home.iterdir()} == {*KEPT} for home in HOMES)


@every
async def test_an_old_home_is_read_whole_and_talks_on(home: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(home, tmp_path / "home")
    async with asyncio.timeout(PATIENCE), AsyncExitStack() as stack:
        server = await stack.enter_async_context(relay(folder=folder / "relay"))
        port = re.findall(r":(\d{5})/", server.uri)[0].encode()
        for name in ("alice.db", "bob.db"):
            move_relay(folder / name, port)
        alice = await stack.enter_async_context(Client(folder / "alice.db", PASSPHRASE))
        bob = await stack.enter_async_context(Client(folder / "bob.db", PASSPHRASE))
        assert [each.name for each in await alice.profiles()] == ["Alice", "Club"]
        hers, his = await alice.profile("Alice"), await bob.profile()
        await check_contents(hers)
        (him,), him_again = await hers.contacts(), await hers.requests()
        assert (him.state, him.trust) == ("established", 2)
        assert [each.text for each in him_again] == ["It is Bob again"]
        await heard(his, "written without a relay")
        her = await his.contact("Alice")
        await (await her.post("still here")).delivered()
        await (await him.post("so am I")).delivered()
        assert [text(line) for line in await her.history(limit=2)] == ["still here", "so am I"]
        await alice.engine.context.database.check()


def text(line: Any) -> str:
    return line.message.text if isinstance(line.message, Text) else "a picture"


async def check_contents(profile: OwnProfile) -> None:
    contact = await profile.contact("Bob")
    lines = await contact.history()
    assert [text(line) for line in lines[:4]] == [
        "hello Bob",
        "Grüße aus Zürich",
        "北京见",
        "a picture",
    ]
    assert {text(line) for line in lines[4:6]} == {"hello Alice", "see you at eight"}
    assert text(lines[6]) == "written without a relay"
    assert [text(line) for line in await contact.history(query="grusse")] == ["Grüße aus Zürich"]
    picture = lines[3].message
    assert isinstance(picture, Image)
    assert (picture.width, picture.height) == (40, 30)
    assert (await profile.current_address()) is not None
    assert (profile.card.bio, len(contact.safety_words())) == ("Zürich", 6)
