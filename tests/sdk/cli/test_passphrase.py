import asyncio
import sys
from pathlib import Path
from typing import Final

import keyring.core
import msgspec
import pexpect
import pytest
from tests.sdk.cli.people import NewPerson, Person
from tests.sdk.cli.ring import Ring
from tests.together.processes import PROGRAM, environment

from graphchat import Client, Profile
from graphchat.crypto.vault import Strength, protected

ROOT: Final = Path(__file__).parents[3]
CHEAP: Final = Strength(operations=1, memory=8192)


@pytest.fixture
def guarded(person: NewPerson) -> Person:
    """Return somebody whose home has a passphrase that is quick to try."""
    alice = person("alice")

    async def make() -> None:
        async with Client(alice.database, "correct horse", strength=CHEAP) as client:
            await client.create_profile(Profile("Alice"))

    asyncio.run(make())
    return alice


def test_the_environment_opens_a_home(guarded: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHCHAT_PASSPHRASE", "correct horse")
    (row,) = guarded.do("profile", "list", "--json").rows
    assert row["name"] == "Alice"


def test_a_wrong_passphrase_is_refused(guarded: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHCHAT_PASSPHRASE", "correct donkey")
    assert guarded.refused("contacts") == (
        "The passphrase does not open this database. Try again, or choose another home. It was"
        " taken from GRAPHCHAT_PASSPHRASE: correct or unset that."
    )


def test_a_passphrase_for_a_home_without_one_is_refused(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAPHCHAT_PASSPHRASE", "correct horse")
    line = "This home has no passphrase. Unset GRAPHCHAT_PASSPHRASE."
    assert alice.refused("contacts") == line


def test_without_a_terminal_the_variable_is_named(guarded: Person) -> None:
    assert guarded.refused("contacts") == (
        "This home has a passphrase. Set GRAPHCHAT_PASSPHRASE, or run this on a terminal."
    )


def test_the_keyring_opens_a_home(
    guarded: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RING", str(tmp_path / "ring"))
    ring = Ring()  # type: ignore[no-untyped-call] # the library has no types here
    monkeypatch.setattr(keyring.core, "_keyring_backend", ring)
    assert "GRAPHCHAT_PASSPHRASE" in guarded.refused("contacts")
    ring.set_password("graphchat", str(guarded.database.absolute()), "wrong")
    assert "GRAPHCHAT_PASSPHRASE" not in guarded.refused("contacts")
    ring.set_password("graphchat", str(guarded.database.absolute()), "correct horse")
    assert guarded.do("profile", "show").out.startswith("name: Alice\n")


def test_a_new_home_without_a_terminal_keeps_its_key_in_a_file(person: NewPerson) -> None:
    alice = person("alice")
    notice, _ = alice.do("profile", "create", "Alice").err.splitlines()
    vault = alice.home / "client.db.vault"
    assert str(vault) in notice
    assert "GRAPHCHAT_PASSPHRASE" in notice
    assert not protected(vault.read_bytes())
    assert vault.stat().st_mode & 0o77 == 0
    assert alice.do("profile", "list").err == ""


def type_in(home: Path, *words: str, **variables: str) -> "pexpect.spawn[str]":
    """Run a command on a terminal."""
    command = [*PROGRAM[1:], "--home", str(home), *words]
    found = environment(PYTHONPATH=str(ROOT), **variables)
    return pexpect.spawn(sys.executable, command, env=found, encoding="utf-8", timeout=30)


def test_a_person_chooses_a_passphrase_twice_and_may_keep_it_in_the_keyring(
    person: NewPerson, tmp_path: Path
) -> None:
    home, ring = person("alice").home, tmp_path / "ring"
    variables = {"RING": str(ring), "PYTHON_KEYRING_BACKEND": f"{Ring.__module__}.Ring"}
    with type_in(home, "profile", "create", "Alice", **variables) as typing:
        for answer in ("first", "frist", "first", "first"):
            typing.expect("(passphrase for this home.*|Once more)[^:]*: ")
            typing.sendline(answer)
        typing.expect("keyring of the system.*: ")
        assert "first" not in (typing.before or "")
        typing.sendline("y")
        typing.expect(pexpect.EOF)
    assert typing.exitstatus == 0
    assert protected((home / "client.db.vault").read_bytes())
    assert msgspec.json.decode(ring.read_bytes()) == {f"graphchat {home / 'client.db'}": "first"}


def test_a_person_is_asked_for_the_passphrase(guarded: Person) -> None:
    with type_in(guarded.home, "profile", "list", "--json") as typing:
        typing.expect("Passphrase of .*: ")
        typing.sendline("correct horse")
        typing.expect(pexpect.EOF)
        assert '{"name":"Alice"' in (typing.before or "")
    assert typing.exitstatus == 0


def test_an_empty_answer_means_a_key_in_a_file(person: NewPerson) -> None:
    home = person("alice").home
    with type_in(home, "profile", "create", "Alice") as typing:
        typing.expect("passphrase for this home.*: ")
        typing.sendline("")
        typing.expect("the key of this home lies in")
        typing.expect(pexpect.EOF)
    assert typing.exitstatus == 0
    assert not protected((home / "client.db.vault").read_bytes())


def test_nobody_is_asked_about_half_a_home(guarded: Person) -> None:
    (guarded.home / "client.db.vault").unlink()
    with type_in(guarded.home, "contacts") as typing:
        typing.expect(pexpect.EOF)
        assert (typing.before or "").startswith("The .vault file of the database is lost.")
    assert typing.exitstatus == 1


def test_ctrl_c_at_the_question_makes_nothing(person: NewPerson) -> None:
    home = person("alice").home
    with type_in(home, "profile", "create", "Alice") as typing:
        typing.expect("passphrase for this home.*: ")
        typing.sendintr()
        typing.expect(pexpect.EOF)
        assert "Traceback" not in (typing.before or "")
    assert typing.exitstatus == 130
    assert not home.exists()
