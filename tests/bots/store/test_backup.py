import asyncio
from pathlib import Path

import pytest

from graphchat.client import Client, Profile
from graphchat.clock import SystemClock
from graphchat.crypto import vault
from graphchat.errors import (
    NotFoundError,
    PassphraseError,
    StateError,
    StoreBusyError,
    StoreError,
)
from graphchat.store import Database
from graphchat.store.backup import RESTORED
from graphchat_bots import Bot, Message
from graphchat_bots.life import Life
from graphchat_bots.local_relay import local_relay
from graphchat_bots.place import Place
from graphchat_bots.setup import Setup
from graphchat_bots.store import BOT
from graphchat_bots.store.backup import MAGIC, Protection, restore, write
from graphchat_bots.store.letters import letters
from graphchat_bots.store.reading import reading

CLOCK = SystemClock()
QUICK = Protection("of the bot", "of the backup", vault.Strength(1, 8192))
RENEWED = Protection("another", "of the backup", vault.Strength(1, 8192))


@pytest.fixture
async def bot(tmp_path: Path) -> Path:
    """Return the folder of a bot with something in both databases."""
    folder = tmp_path / "bots" / "shop"
    async with Database.open(folder / "client.db", "of the bot") as client:
        await client.write(
            lambda cursor: cursor.execute(
                "INSERT INTO client_setting (key, value) VALUES ('mine', x'01')"
            )
        )
    async with Database.open(folder / "bot.db", "of the bot", app=BOT) as store:
        await store.write(
            lambda cursor: cursor.execute(
                "INSERT INTO bot_fact (name, value) VALUES ('filler', 1)"
            )
        )
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def settings(path: Path) -> set[str]:
    with reading(path, "another") as cursor:
        return {name for (name,) in cursor.execute("SELECT key FROM client_setting").fetchall()}


async def test_a_bot_comes_out_of_a_backup_as_it_went_in(bot: Path, tmp_path: Path) -> None:
    report = write(bot, tmp_path / "x.backup", QUICK, CLOCK)
    assert report.size == (tmp_path / "x.backup").stat().st_size
    other = tmp_path / "new" / "bots" / "shop"
    restored = restore(tmp_path / "x.backup", other, RENEWED, CLOCK)
    assert restored.generation == report.generation + 1
    assert settings(other / "client.db") >= {"mine", RESTORED}
    with reading(other / "bot.db", "another") as cursor:
        assert cursor.execute("SELECT name FROM bot_fact").fetchall() == [("filler",)]
    for name in ("client.db", "bot.db"):
        assert (other / name).stat().st_mode & 0o77 == 0
    assert names(other.parent) == ["shop"]
    assert names(tmp_path) == ["bots", "new", "x.backup"]


async def test_a_bot_that_runs_or_never_ran_has_no_backup(bot: Path, tmp_path: Path) -> None:
    async with Database.open(bot / "bot.db", "of the bot", app=BOT):
        with pytest.raises(StoreBusyError):
            write(bot, tmp_path / "x.backup", QUICK, CLOCK)
    with pytest.raises(NotFoundError):
        write(tmp_path / "other", tmp_path / "x.backup", QUICK, CLOCK)
    assert not (tmp_path / "x.backup").exists()


async def test_nothing_is_overwritten(bot: Path, tmp_path: Path) -> None:
    write(bot, tmp_path / "x.backup", QUICK, CLOCK)
    before = (bot / "bot.db").read_bytes()
    with pytest.raises(StateError, match="already"):
        restore(tmp_path / "x.backup", bot, QUICK, CLOCK)
    assert (bot / "bot.db").read_bytes() == before
    free = tmp_path / "free"
    free.mkdir()
    (free / "client.db.lock").touch()  # of a bot that failed to start
    restore(tmp_path / "x.backup", free, RENEWED, CLOCK)
    assert (free / "client.db").exists()


async def test_what_is_no_whole_backup_makes_nothing(bot: Path, tmp_path: Path) -> None:
    write(bot, tmp_path / "x.backup", QUICK, CLOCK)
    good, bad = (tmp_path / "x.backup").read_bytes(), tmp_path / "bad.backup"
    middle = len(good) // 2
    damaged = [
        b"nonsense",
        MAGIC,
        good[:middle],
        good[:-1],
        good + b"x",
        good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :],
    ]
    for data in damaged:
        bad.write_bytes(data)
        with pytest.raises(StoreError):
            restore(bad, tmp_path / "new", QUICK, CLOCK)
    with pytest.raises(PassphraseError):
        restore(
            tmp_path / "x.backup",
            tmp_path / "new",
            Protection("x", "wrong", QUICK.strength),
            CLOCK,
        )
    assert names(tmp_path) == ["bad.backup", "bots", "x.backup"]


async def test_a_bot_that_was_restored_hears_what_relays_hold_and_nothing_twice(
    tmp_path: Path,
) -> None:
    heard: list[str] = []
    bot = Bot("shop")

    @bot.message()
    async def hear(msg: Message) -> str:
        heard.append(msg.text)
        return msg.text

    async def run(home: Path, until: int) -> str:
        place = Place(home, (relay,))
        async with Life.begin(Setup(bot.plan(), bot.limits, place), None) as life:
            link = (await life.invitation()).text
            async with asyncio.timeout(30):
                while len(heard) < until:  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(0.01)
        return link

    async with local_relay(None) as relay, Client(tmp_path / "ann.db", relays=[relay]) as client:
        ann = await client.create_profile(Profile("Ann"))
        contact = await ann.connect(await run(tmp_path / "old", 0))
        running = asyncio.create_task(run(tmp_path / "old", 1))
        await contact.established()
        await contact.post("one")
        await running
        protection = QUICK._replace(passphrase=None)
        folder = Place(tmp_path / "old", ()).folder("shop")
        write(folder, tmp_path / "x.backup", protection, CLOCK)
        await (await contact.post("two")).sent()
        other = Place(tmp_path / "new", ())
        restore(tmp_path / "x.backup", other.folder("shop"), protection, CLOCK)
        await run(tmp_path / "new", 2)
    assert heard == ["one", "two"]
    with reading(other.database("shop").with_name("bot.db"), None) as cursor:
        assert letters(cursor) == []
