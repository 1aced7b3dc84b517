import json
from datetime import timedelta
from pathlib import Path

from tests.bots.cli.conftest import Run

from graphchat.clock import SystemClock
from graphchat.codes import qr
from graphchat.store.lock import exclusive
from graphchat_bots import Role
from graphchat_bots.grants import find
from graphchat_bots.place import Place


def test_the_link_is_printed_also_while_the_bot_runs(here: Run, ran: str, tmp_path: Path) -> None:
    with exclusive(tmp_path / "home" / "bots" / "hello" / "client.db.lock"):
        done = here("bot", "link", "hello/hello.py", "--qr", str(tmp_path / "hello.png"))
    assert (done.returncode, done.stdout) == (0, f"{ran}\n")
    assert qr.read(tmp_path / "hello.png") == ran
    assert json.loads(here("bot", "link", "hello/hello.py", "--json").stdout) == {"link": ran}


def test_a_bot_that_has_not_run_says_what_to_do(here: Run) -> None:
    here("bot", "new", "hello")
    for command in ("link", "admin"):
        done = here("bot", command, "hello/hello.py")
        assert (done.returncode, done.stdout) == (1, "")
        assert "graphchat bot run hello/hello.py" in done.stderr
        assert done.stderr.count("\n") == 1


def test_an_invitation_to_a_role_is_printed_with_the_link(
    here: Run, ran: str, tmp_path: Path
) -> None:
    done = here("bot", "admin", "hello/hello.py", "--role", "moderator")
    words, link = done.stdout.splitlines()
    assert (done.returncode, link) == (0, ran)
    assert "first, within 24 hours, is moderator" in done.stderr
    record = json.loads(here("bot", "admin", "hello/hello.py", "--json").stdout)
    assert (record["link"], record["role"]) == (ran, "admin")
    folder, now = Place(tmp_path / "home", ()).folder("hello"), SystemClock().now()
    roles = [_role(folder, said, now) for said in (words, record["say"])]
    assert roles == [Role.MODERATOR, Role.ADMIN]
    later = now + timedelta(hours=25).total_seconds()
    assert _role(folder, words, later) is None


def _role(folder: Path, words: str, now: float) -> Role | None:
    found = find(folder, words.removeprefix("/role "), now)
    return found.role if found else None


def test_a_role_that_there_is_not_is_wrong_usage(here: Run, ran: str) -> None:
    done = here("bot", "admin", "hello/hello.py", "--role", "king")
    assert done.returncode == 2
    assert "king" in done.stderr
