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
    with ExitStack() as stack:
        stack.enter_context(lock.exclusive(alice.home / "client.db.lock"))
        timer = threading.Timer(0.5, stack.pop_all().close)
        timer.start()
        done = alice.do("profile", "list", "--json")
        timer.join()
    assert [row["name"] for row in done.rows] == ["Alice"]
    assert done.err == "Another graphchat command uses this home; waiting for it to end ...\n"


def test_waiting_for_a_home_ends(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "PATIENCE", 0.3)
    started = time.monotonic()
    with lock.exclusive(alice.home / "client.db.lock"):
        done = alice.run("profile", "list")
    assert done.status == 1
    assert "Another graphchat process uses this database" in done.err
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
    assert "Traceback" not in line
    assert "bug" not in line
