import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

import asyncpg
import pytest
from tests.postgres import Postgres
from typer.testing import CliRunner, Result

from graphchat.errors import StoreError
from graphchat.testing import relay
from graphchat_relay.cli import app
from graphchat_relay.cli.migrating import migrate
from graphchat_relay.settings import RelaySettings

FIRST: Final = "m0001_initial"
Statement = Callable[[str], None]
RECORD: Final = (
    "INSERT INTO tortoise_migrations (app, name, applied_at)"
    " VALUES ('relay', 'm9999_future', '2026-01-01')"
)
FORGET: Final = "DELETE FROM tortoise_migrations"


def run(*words: str, home: Path | None = None) -> Result:
    return CliRunner().invoke(app, ["migrate", *words], obj={"home": home or Path("nowhere")})


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Statement]:
    """Return an empty store, and how to execute a statement in it."""
    if request.param == "sqlite":
        path = tmp_path / "relay.db"
        path.touch()

        def execute(statement: str) -> None:
            with sqlite3.connect(path) as db:
                db.execute(statement)
            db.close()

        return str(path), execute
    dsn = request.getfixturevalue("postgres").database()

    async def _execute(statement: str) -> None:
        connection = await asyncpg.connect(dsn)
        await connection.execute(statement)
        await connection.close()

    return dsn, lambda statement: asyncio.run(_execute(statement))


def test_it_says_what_is_to_be_done_and_does_it_once(place: tuple[str, Statement]) -> None:
    store, _ = place
    found = run("--store", store, "--check")
    assert (found.exit_code, found.stdout) == (1, f"{FIRST}\n")
    assert "graphchat relay migrate" in found.stderr
    found = run("--store", store)
    assert (found.exit_code, found.stdout) == (0, f"{FIRST}\n")
    for words in (["--check"], []):
        found = run("--store", store, *words)
        assert (found.exit_code, found.stdout) == (0, "")
        assert "up to date" in found.stderr


def test_programs_are_told_in_json(place: tuple[str, Statement]) -> None:
    store, _ = place
    found = [run("--store", store, "--json", *words) for words in (["--check"], [], ["--check"])]
    assert [json.loads(one.stdout) for one in found] == [
        {"applied": [], "lacking": [FIRST]},
        {"applied": [FIRST], "lacking": []},
        {"applied": [], "lacking": []},
    ]


def test_a_newer_database_is_left_alone(place: tuple[str, Statement]) -> None:
    store, execute = place
    assert run("--store", store).exit_code == 0
    execute(RECORD)
    for words in (["--check"], []):
        found = run("--store", store, *words)
        assert found.exit_code == 1
        assert "newer than this version of graphchat: it has m9999_future" in found.stderr
    with pytest.raises(StoreError, match="m9999_future"):
        asyncio.run(served(store))


def test_a_relay_that_may_not_migrate_wants_it_done(place: tuple[str, Statement]) -> None:
    store, execute = place
    with pytest.raises(StoreError, match=r"older.*lacks m0001_initial.*graphchat relay migrate"):
        asyncio.run(served(store, migrate_at_start=False))
    assert run("--store", store).stdout == f"{FIRST}\n", "nothing was changed before"
    asyncio.run(served(store, migrate_at_start=False))
    execute(FORGET)
    with pytest.raises(StoreError, match="migrate_at_start is off"):
        asyncio.run(served(store, migrate_at_start=False))


async def served(store: str, *, migrate_at_start: bool = True) -> None:
    async with relay(store, migrate_at_start=migrate_at_start):
        pass


async def test_a_file_that_a_relay_uses_is_looked_at_but_not_changed(tmp_path: Path) -> None:
    async with relay(folder=tmp_path / "relay"):
        assert run("--check", home=tmp_path).exit_code == 0
        found = await asyncio.to_thread(run, home=tmp_path)
        assert found.exit_code == 1
        assert "Another relay uses the database" in found.stderr


async def test_those_who_migrate_together_do_it_once(postgres: Postgres) -> None:
    dsn = postgres.database()
    settings = RelaySettings(store=dsn)
    found = await asyncio.gather(*(asyncio.to_thread(migrate, settings) for _ in range(3)))
    assert sorted(one.applied for one in found) == [(), (), (FIRST,)]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--store", "memory:"], "in memory"),
        (["--check", "--store", "memory:"], "in memory"),
        (["--check"], "Has a relay been run here?"),
        (["--store", "https://x"], "not supported"),
        (["--store", "postgresql://x:hunter2@127.0.0.1:1/y"], "cannot be used"),
        (["--check", "--store", "postgresql://x:hunter2@127.0.0.1:1/y"], "cannot be read"),
    ],
)
def test_what_cannot_be_migrated_is_one_line(tmp_path: Path, words: list[str], part: str) -> None:
    found = run(*words, home=tmp_path)
    assert found.exit_code == 1
    assert part in found.stderr
    assert len(found.stderr.splitlines()) == 1
    assert "hunter2" not in found.stderr
    assert list(tmp_path.iterdir()) == []
