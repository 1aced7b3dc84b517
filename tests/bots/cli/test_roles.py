import asyncio
import json
from pathlib import Path

import pytest
from tests.bots.cli.conftest import Run

from graphchat.store import Database
from graphchat.store.lock import exclusive
from graphchat_bots import Role
from graphchat_bots.roles import RoleChange
from graphchat_bots.store import BOT
from graphchat_bots.store.roles import change_roles


@pytest.fixture
def store(ran: str, tmp_path: Path) -> Path:
    """Return the database of the bot hello, with which Ann and Bob have a role."""
    path = tmp_path / "home" / "bots" / "hello" / "bot.db"
    held = [
        RoleChange(name, name, role, 0.0)
        for name, role in (("Ann", Role.ADMIN), ("Bob", Role.MODERATOR))
    ]

    async def grant() -> None:
        async with Database.open(path, None, app=BOT) as database:
            await database.write(lambda cursor: change_roles(cursor, held))

    asyncio.run(grant())
    return path


def test_nobody_has_a_role_at_first(here: Run, ran: str) -> None:
    done = here("bot", "roles", "hello/hello.py")
    assert (done.returncode, done.stdout) == (0, "")
    assert "graphchat bot admin" in done.stderr


def test_who_has_a_role_is_listed_also_while_the_bot_runs(here: Run, store: Path) -> None:
    with exclusive(store.with_name("bot.db.lock")):
        done = here("bot", "roles", "hello/hello.py", "--json")
        busy = here("bot", "roles", "hello/hello.py", "--revoke", "1")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows == [
        {"number": 1, "name": "Ann", "role": "admin", "since": "1970-01-01T00:00:00+00:00"},
        {"number": 2, "name": "Bob", "role": "moderator", "since": "1970-01-01T00:00:00+00:00"},
    ]
    assert busy.returncode == 1
    assert "Stop it first" in busy.stderr


def test_a_role_is_taken_back_from_a_bot_that_is_stopped(here: Run, store: Path) -> None:
    done = here("bot", "roles", "hello/hello.py", "--revoke", "1")
    assert (done.returncode, done.stderr) == (0, "Ann is a member now, as everybody is.\n")
    left = here("bot", "roles", "hello/hello.py").stdout
    assert "Bob" in left
    assert "Ann" not in left
    again = here("bot", "roles", "hello/hello.py", "--revoke", "1")
    assert again.returncode == 1
    assert "Nobody has the number 1" in again.stderr
