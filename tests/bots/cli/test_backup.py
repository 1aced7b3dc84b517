import json
from pathlib import Path

from tests.bots.cli.conftest import Run

from graphchat.store.lock import exclusive

FILE = "hello.backup"
PROTECTED = {"GRAPHCHAT_BACKUP_PASSPHRASE": "correct horse"}


def test_a_backup_needs_a_passphrase(here: Run, ran: str, tmp_path: Path) -> None:
    done = here("bot", "backup", "hello/hello.py", FILE)
    assert done.returncode == 1
    assert "Set GRAPHCHAT_BACKUP_PASSPHRASE" in done.stderr
    assert not (tmp_path / FILE).exists()


def test_a_bot_that_was_restored_has_the_same_link(here: Run, ran: str, tmp_path: Path) -> None:
    done = here("bot", "backup", "hello/hello.py", FILE, "--json", **PROTECTED)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["generation"] == 0
    other = str(tmp_path / "other")
    restored = here("--home", other, "bot", "restore", "hello/hello.py", FILE, **PROTECTED)
    assert restored.returncode == 0, restored.stderr
    assert restored.stdout.startswith(f"{FILE}: ")
    for words in ("needs a new code", "Never run it beside", f"--home {other}/bots/hello rekey"):
        assert words in restored.stderr
    link = here(
        "--home", other, "bot", "link", "hello/hello.py", GRAPHCHAT_PASSPHRASE="correct horse"
    )
    assert link.stdout == f"{ran}\n"


def test_what_cannot_be_is_one_line(here: Run, ran: str, tmp_path: Path) -> None:
    with exclusive(tmp_path / "home" / "bots" / "hello" / "bot.db.lock"):
        busy = here("bot", "backup", "hello/hello.py", FILE, **PROTECTED)
    assert busy.stderr.startswith("hello runs now, and this needs its files. Stop it first")
    (tmp_path / FILE).write_text("nonsense")
    there = here("bot", "restore", "hello/hello.py", FILE, **PROTECTED)
    assert "There is data of this bot in" in there.stderr
    elsewhere = ("--home", str(tmp_path / "other"), "bot", "restore", "hello/hello.py", FILE)
    alone = here(*elsewhere)
    assert "Set GRAPHCHAT_BACKUP_PASSPHRASE" in alone.stderr
    nonsense = here(*elsewhere, **PROTECTED)
    assert nonsense.stderr == "This file is no backup of a bot. Choose another.\n"
    nowhere = here("bot", "backup", "hello/hello.py", "no/folder/x.backup", **PROTECTED)
    for done in (busy, there, alone, nonsense, nowhere):
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
