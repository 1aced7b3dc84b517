import asyncio
import os
import sqlite3
from pathlib import Path

import pytest

from graphchat.crypto.vault import Strength
from graphchat.errors import StoreError
from graphchat.store import Cursor, Database

ROWS = 40


def fill(path: Path, strength: Strength) -> None:
    def work(cursor: Cursor) -> None:
        rows = [(f"{number}", os.urandom(900)) for number in range(ROWS)]
        cursor.executemany("INSERT INTO client_setting(key, value) VALUES (?, ?)", rows)

    async def run() -> None:
        async with Database.open(path, "correct horse", strength=strength) as db:
            await db.write(work)

    asyncio.run(run())


def check(path: Path) -> None:
    async def run() -> None:
        async with Database.open(path, "correct horse") as db:
            await db.check()

    asyncio.run(run())


def read(path: Path) -> None:
    async def run() -> None:
        async with Database.open(path, "correct horse") as db:
            await db.read(lambda cursor: cursor.execute("SELECT * FROM client_setting").fetchall())

    asyncio.run(run())


def test_a_sound_database_passes_its_check(path: Path, cheap: Strength) -> None:
    fill(path, cheap)
    check(path)


def test_flipped_bits_are_found(
    path: Path, cheap: Strength, capfd: pytest.CaptureFixture[str]
) -> None:
    fill(path, cheap)
    sound = path.read_bytes()
    for position in [0, 15, 16, 100, 4095, *range(4096, len(sound), 4999), len(sound) - 1]:
        broken = bytearray(sound)
        broken[position] ^= 4
        path.write_bytes(broken)
        with pytest.raises(StoreError, match="damaged"):
            check(path)
    path.write_bytes(sound)
    check(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("size", [0, 1, 16, 4095, 4096, 8192, 50_000])
def test_a_truncated_database_is_found(path: Path, cheap: Strength, size: int) -> None:
    fill(path, cheap)
    os.truncate(path, size)
    with pytest.raises(StoreError, match=r"damaged|empty"):
        check(path)


@pytest.mark.parametrize("what", ["text", "plain database", "another key"])
def test_something_else_in_place_of_the_database_is_found(
    path: Path, tmp_path: Path, cheap: Strength, what: str
) -> None:
    fill(path, cheap)
    path.unlink()
    match what:
        case "text":
            path.write_bytes(b"Dear diary\n" * 1000)
        case "plain database":
            plain = sqlite3.connect(path)
            plain.execute("CREATE TABLE client_setting(key, value)")
            plain.close()
        case _:
            fill(tmp_path / "b.db", cheap)
            (tmp_path / "b.db").rename(path)
    with pytest.raises(StoreError, match="damaged"):
        check(path)


def test_damage_is_found_while_reading(path: Path, cheap: Strength) -> None:
    fill(path, cheap)
    data = bytearray(path.read_bytes())
    data[-4096] ^= 1  # a page of rows, which opening does not read
    path.write_bytes(data)
    with pytest.raises(StoreError, match="damaged"):
        read(path)


def test_a_damaged_vault_is_not_called_a_wrong_passphrase(path: Path, cheap: Strength) -> None:
    fill(path, cheap)
    vault = path.with_name("alice.db.vault")
    vault.write_bytes(vault.read_bytes()[:-1])
    with pytest.raises(StoreError, match="vault file of the database is damaged"):
        read(path)
    vault.write_bytes(bytes(1 << 20))
    with pytest.raises(StoreError, match="vault file of the database is damaged"):
        read(path)
