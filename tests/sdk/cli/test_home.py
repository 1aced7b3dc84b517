import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.sdk.cli.people import NewPerson, Person

from graphchat.cli import home
from graphchat.store import lock


@pytest.mark.parametrize(
    "words", [["contacts"], ["send", "Bob", "hi"], ["receive"], ["invite"], ["profile", "show"]]
)
def test_without_a_profile_a_command_says_how_to_make_one(
    words: list[str], person: NewPerson
) -> None:
    nobody = person("nobody")
    assert nobody.refused(*words) == home.NO_PROFILE
    assert not nobody.home.exists()


def test_a_lock_alone_is_no_home(person: NewPerson) -> None:
    nobody = person("nobody")
    nobody.home.mkdir()
    (nobody.home / "client.db.lock").touch()
    assert nobody.refused("contacts") == home.NO_PROFILE
    assert not nobody.database.exists()


def test_a_home_without_a_profile_is_not_spoken_for(alice: Person) -> None:
    alice.do("profile", "delete", "Alice", "--yes")
    assert alice.refused("contacts") == home.NO_PROFILE


def test_with_several_profiles_one_has_to_be_chosen(alice: Person) -> None:
    alice.do("profile", "create", "Work")
    assert alice.refused("contacts") == (
        "There are several profiles: Alice, Work. Choose: graphchat --profile NAME"
    )
    assert alice.do("--profile", "Work", "contacts", "--json").out == ""
    assert "no profile 'Home'" in alice.refused("--profile", "Home", "contacts")


def test_a_home_in_use_is_waited_for(alice: Person) -> None:
    with lock.exclusive(alice.home / "client.db.lock"):
        waiting = alice.start("profile", "list", "--json")
        assert waiting.stderr is not None
        line = waiting.stderr.readline()
    assert line == "Waiting for another command of this home to end ...\n"
    out, err = waiting.communicate(timeout=60)
    assert (waiting.returncode, '"name":"Alice"' in out, err) == (0, True, "")


def test_a_home_in_use_for_a_moment_is_waited_for_without_a_word(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "QUIET", 60.0)
    monkeypatch.setattr(home, "PATIENCE", 60.0)
    with ExitStack() as stack:
        stack.enter_context(lock.exclusive(alice.home / "client.db.lock"))
        timer = threading.Timer(0.5, stack.pop_all().close)
        timer.start()
        done = alice.do("profile", "list", "--json")
        timer.join()
    assert [row["name"] for row in done.rows] == ["Alice"]
    assert done.err == ""


def test_waiting_for_a_home_ends(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "PATIENCE", 0.3)
    started = time.monotonic()
    with lock.exclusive(alice.home / "client.db.lock"):
        done = alice.run("profile", "list")
    assert done.status == 1
    assert done.err == (
        "Another command has this home open, such as receive --follow, invite --wait, or a bot."
        " End it with Ctrl-C, then try again.\n"
    )
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("client.db", b""),
        ("client.db", b"\x00" * 8192),
        ("client.db", b"not a database " * 999),
        ("client.db.vault", b""),
        ("client.db.vault", b"rubbish"),
    ],
)
def test_a_damaged_home_is_reported_and_not_touched(name: str, data: bytes, alice: Person) -> None:
    (alice.home / name).write_bytes(data)
    kept = {path.name: path.read_bytes() for path in alice.home.iterdir()}
    line = alice.refused("contacts")
    assert any(word in line for word in ("database", "vault"))
    assert kept[name] == (alice.home / name).read_bytes()
    assert kept["client.db.vault"] == (alice.home / "client.db.vault").read_bytes()


@pytest.mark.parametrize("name", ["client.db", "client.db.vault"])
def test_half_a_home_is_reported(name: str, alice: Person) -> None:
    (alice.home / name).unlink()
    assert "lost" in alice.refused("contacts")


def test_a_home_that_cannot_be_a_folder_is_reported(tmp_path: Path, person: NewPerson) -> None:
    nobody = person("nobody")
    nobody.home.write_text("a file")
    line = nobody.refused("profile", "create", "Somebody")
    assert line.endswith(f"{nobody.home} is no folder. Choose another place with --home.")
    nobody = person("nobody/below")
    line = nobody.refused("profile", "create", "Somebody")
    assert line.endswith(f"{nobody.home} is no folder. Choose another place with --home.")


@pytest.mark.parametrize("name", ["client.db.vault", "client.db.lock", "client.db"])
def test_a_file_that_cannot_be_used_is_named(name: str, alice: Person) -> None:
    path = alice.home / name
    path.unlink()
    path.mkdir()
    line = alice.refused("contacts")
    assert f"{path}: " in line
    assert "Check its rights, or choose another" in line
