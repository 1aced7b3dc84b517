import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from tests.bots.cli.conftest import Run

from graphchat.content import Text
from graphchat.store import Cursor, Database
from graphchat.store.lock import exclusive
from graphchat_bots import kept
from graphchat_bots.message import Sender
from graphchat_bots.port import Incoming
from graphchat_bots.store import BOT, DeadLetter
from graphchat_bots.store.outcome import bury
from graphchat_bots.turn import Job

T = TypeVar("T")

SAID = Incoming("e1", "chat", "chat", "Ann", "message", Text("my\x1b[2Jsecret"), 1.0, b"1" * 16)
JOB = Job("job-1", "ring", "chat", Sender("chat", "Ann"), b"\x91\xa3tea", 5.0)
LETTERS = (
    DeadLetter(
        "AAAA-BBBB", "message", "e1", "chat", "Ann", "", kept.pack_event(SAID), "KeyError", 3, 0.0
    ),
    DeadLetter(
        "CCCC-DDDD", "job", JOB.id, "chat", "Ann", "ring", kept.pack_job(JOB), "OSError", 3, 60.0
    ),
)


def in_store(tmp_path: Path, work: Callable[[Cursor], T]) -> T:
    async def opened() -> T:
        path = tmp_path / "home" / "bots" / "hello" / "bot.db"
        async with Database.open(path, None, app=BOT) as database:
            return await database.write(work)

    return asyncio.run(opened())


@pytest.fixture(autouse=True)
def two_letters(here: Run, tmp_path: Path) -> None:
    here("bot", "new", "hello")

    def work(cursor: Cursor) -> None:
        for letter in LETTERS:
            bury(cursor, letter)

    in_store(tmp_path, work)


def jobs(tmp_path: Path) -> list[str]:
    return [
        name
        for (name,) in in_store(
            tmp_path, lambda cursor: cursor.execute("SELECT name FROM bot_job").fetchall()
        )
    ]


def test_letters_are_listed_without_what_was_said(here: Run, tmp_path: Path) -> None:
    with exclusive(tmp_path / "home" / "bots" / "hello" / "bot.db.lock"):  # as a bot that runs
        done = here("bot", "dead-letter", "list", "hello/hello.py")
    head, *lines = done.stdout.splitlines()
    assert head.split() == ["reference", "what", "at", "error", "tries"]
    assert [line.split()[0] for line in lines] == ["AAAA-BBBB", "CCCC-DDDD"]
    assert "job ring" in lines[1]
    record = here("bot", "dead-letter", "list", "hello/hello.py", "--json").stdout.splitlines()[0]
    assert json.loads(record) == {
        "reference": "AAAA-BBBB",
        "what": "message",
        "at": "1970-01-01T00:00:00+00:00",
        "error": "KeyError",
        "tries": 3,
    }
    assert "secret" not in done.stdout + record
    assert "Ann" not in done.stdout + record


def test_what_was_said_is_shown_to_whoever_wants_it(here: Run) -> None:
    done = here("bot", "dead-letter", "list", "hello/hello.py", "--json", "--show")
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["sender"], first["text"]) == ("Ann", "my\\x1b[2Jsecret")
    assert second["text"] == "'tea'"


def test_one_is_put_back_and_the_others_stay(here: Run, tmp_path: Path) -> None:
    done = here("bot", "dead-letter", "retry", "hello/hello.py", "ccccdddd")
    assert done.returncode == 0
    assert "1 put back" in done.stderr
    assert "graphchat bot run hello/hello.py" in done.stderr
    assert jobs(tmp_path) == ["ring"]
    again = here("bot", "dead-letter", "retry", "hello/hello.py", "CCCC-DDDD")
    assert again.returncode == 1
    assert "There is no dead letter CCCC-DDDD" in again.stderr
    here("bot", "dead-letter", "retry", "hello/hello.py", "--all")
    assert sorted(jobs(tmp_path)) == [kept.EVENT, "ring"]
    nothing = here("bot", "dead-letter", "retry", "hello/hello.py", "--all")
    assert (nothing.returncode, nothing.stderr) == (0, "There is nothing to put back.\n")


def test_what_is_dropped_is_gone(here: Run, tmp_path: Path) -> None:
    assert "2 dropped" in here("bot", "dead-letter", "drop", "hello/hello.py", "--all").stderr
    done = here("bot", "dead-letter", "list", "hello/hello.py")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "hello has no dead letters.\n"
    assert jobs(tmp_path) == []


@pytest.mark.parametrize("command", ["retry", "drop"])
def test_it_has_to_be_said_which_and_the_bot_stopped(
    here: Run, tmp_path: Path, command: str
) -> None:
    for wrong in ((), ("AAAA-BBBB", "--all")):
        done = here("bot", "dead-letter", command, "hello/hello.py", *wrong)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    with exclusive(tmp_path / "home" / "bots" / "hello" / "bot.db.lock"):
        done = here("bot", "dead-letter", command, "hello/hello.py", "--all")
    assert done.returncode == 1
    assert done.stderr.startswith("hello runs now, and this needs its files. Stop it first")
