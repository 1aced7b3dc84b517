"""Making a proof, and checking it with nothing but the file."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.sdk.cli.people import NewPerson, Pair, Person
from tests.sdk.core.proof.cases import case, proof
from tests.together.processes import RelayProcess

from graphchat.content import Text
from graphchat.core.proof.words import REFUSED, VALID


@pytest.fixture
def judge(person: NewPerson) -> Person:
    """Return somebody without a home."""
    return person("judge")


def exported(person: Person, file: Path, *words: str) -> dict[str, Any]:
    [row] = person.do("proof", "export", *words, str(file), "--json").rows
    assert row["file"] == str(file)
    assert row["size"] == file.stat().st_size
    return row


def test_a_conversation_is_proved_to_somebody_without_a_home(
    pair: Pair, judge: Person, tmp_path: Path
) -> None:
    alice, bob = pair
    alice.do("send", "Bob", "I owe you 100")
    [received] = bob.receive(1)
    file = tmp_path / "proof.json"
    assert exported(bob, file, "Alice")["messages"] == 1
    done = judge.do("proof", "verify", str(file))
    assert done.out.startswith(VALID)
    assert "| I owe you 100" in done.out
    assert "What it does not show" in done.out
    assert not judge.home.exists()
    [row] = judge.do("proof", "verify", str(file), "--json").rows
    assert (row["valid"], row["made_by"]) == (True, "invited")
    assert [(each["author"], each["text"]) for each in row["messages"]] == [
        ("inviter", "I owe you 100")
    ]
    assert row["messages"][0]["id"] == received["id"]
    assert [side["claimed_names"] for side in row["sides"]] == [["Alice"], ["Bob"]]


def test_messages_are_chosen_by_id_and_date(pair: Pair, tmp_path: Path) -> None:
    alice, bob = pair
    for text in ("one", "two"):
        alice.do("send", "Bob", text)
    rows = bob.receive(2)
    options = ("--message", rows[1]["id"], "--without-profiles")
    assert exported(bob, tmp_path / "one.json", "Alice", *options)["messages"] == 1
    assert "two" in bob.do("proof", "verify", str(tmp_path / "one.json")).out
    for number, (date, count) in enumerate((("2001-01-01", 2), ("2101-01-01T10:00+02:00", 0))):
        file = tmp_path / f"{number}.json"
        assert exported(bob, file, "Alice", "--since", date)["messages"] == count
    line = bob.refused("proof", "export", "Alice", str(tmp_path / "x"), "--message", "00" * 16)
    assert "that can be proved" in line
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    "words", [("--message", "12"), ("--message", "xyz"), ("--since", "yesterday")]
)
def test_what_is_no_id_or_date_is_wrong_usage(pair: Pair, words: tuple[str, str]) -> None:
    done = pair[0].run("proof", "export", "Bob", "proof.json", *words)
    assert done.status == 2
    assert not Path("proof.json").exists()


def test_no_file_is_overwritten(pair: Pair, tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    file.write_text("dear diary")
    assert "is there already" in pair[0].refused("proof", "export", "Bob", str(file))
    assert file.read_text() == "dear diary"


def test_pictures_are_left_out_or_saved(pair: Pair, judge: Person, tmp_path: Path) -> None:
    alice, bob = pair
    picture = tmp_path / "boat.png"
    Image.new("RGB", (30, 20), "navy").save(picture)
    alice.do("send", "Bob", "our boat", "--file", str(picture))
    [received] = bob.receive(1)
    assert exported(bob, tmp_path / "no.json", "Alice", "--without-attachments")["messages"] == 0
    exported(bob, tmp_path / "yes.json", "Alice")
    words = ("proof", "verify", str(tmp_path / "yes.json"), "--save", str(tmp_path / "out"))
    [row] = judge.do(*words, "--json").rows
    [file] = row["files"].values()
    assert row["files"].keys() == {received["id"]}
    assert Path(file).parent == tmp_path / "out"
    assert file in judge.do(*words).out


def test_a_changed_file_proves_nothing(judge: Person, tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    file.write_bytes(proof().replace(b"inviter", b"invited", 1))
    done = judge.run("proof", "verify", str(file))
    assert done.status == 1
    assert done.out.startswith(REFUSED)
    done = judge.run("proof", "verify", str(file), "--json")
    assert done.status == 1
    assert json.loads(done.out)["valid"] is False
    assert judge.run("proof", "verify", str(tmp_path / "nothing")).status == 2


def test_a_proof_commands_no_terminal(judge: Person, tmp_path: Path) -> None:
    evil = Text("\x1b[2J\x1b[31mVALID\u202e")
    data = proof(case({"inviter": [evil], "invited": []}, {"inviter": [], "invited": []}))
    file = tmp_path / "proof.json"
    file.write_bytes(data)
    for words in ((), ("--json",)):
        out = judge.do("proof", "verify", str(file), *words).out
        assert "\x1b" not in out
        assert "\u202e" not in out


def test_a_code_is_compared_with_the_one_that_both_named(
    pair: Pair, judge: Person, person: NewPerson, tmp_path: Path
) -> None:
    alice, _ = pair
    link = alice.do("invite", "--json").rows[0]["link"]
    bob = person("second bob")
    bob.do("profile", "create", "Second")
    relay = alice.do("servers", "list", "--json").rows[0]["uri"]
    bob.do("servers", "add", relay)
    bob.do("connect", link)
    alice.do("receive", "--timeout", "1")
    bob.do("receive", "--timeout", "1")
    exported(bob, tmp_path / "new.json", "Alice")
    exported(alice, tmp_path / "old.json", "Bob")
    words = ("--code", link)
    done = judge.do("proof", "verify", str(tmp_path / "new.json"), *words)
    assert "is the one that both sides named" in done.out
    [row] = judge.do("proof", "verify", str(tmp_path / "new.json"), *words, "--json").rows
    assert row["code_fits"] is True
    done = judge.run("proof", "verify", str(tmp_path / "old.json"), *words)
    assert done.status == 1
    assert "ANOTHER code" in done.out.splitlines()[0]
    assert "no graphchat link" in judge.refused(
        "proof", "verify", str(tmp_path / "old.json"), "--code", "x"
    )


def test_who_looks_at_a_terminal_sees_how_far_it_is(
    judge: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [Text(str(number)) for number in range(120)]
    file = tmp_path / "proof.json"
    file.write_bytes(proof(case({"inviter": many, "invited": []}, {"inviter": [], "invited": []})))
    monkeypatch.setattr("graphchat.cli.proof.MANY", 100)
    assert judge.do("proof", "verify", str(file)).err == ""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert "Checking" in judge.do("proof", "verify", str(file)).err


def test_a_private_conversation_is_shown_as_such_and_not_proved(
    person: NewPerson, relay: RelayProcess, tmp_path: Path
) -> None:
    alice, bob = person("alice"), person("bob")
    for one, name in ((alice, "Alice"), (bob, "Bob")):
        one.do("profile", "create", name)
        one.do("servers", "add", relay.uri)
    done = alice.do("address", "create", "--accept-all", "--private", "--json")
    assert done.rows[0]["mode"] == "private"
    assert "neither side can prove" in done.err
    link = alice.do("invite", "--private").out.strip()
    [row] = bob.do("connect", link, "--json").rows
    assert row["mode"] == "private"
    bob.do("send", "new contact", "between us")
    heard: set[str] = set()
    for one in (bob, alice) * 30:
        heard |= {each["event"] for each in one.do("receive", "--timeout", "0.3", "--json").rows}
        if "message" in heard:
            break
    [row] = alice.do("contacts", "--json").rows
    assert row["mode"] == "private"
    assert "private" in alice.do("contacts").out.splitlines()[1].split()
    assert "This conversation is private" in alice.do("history", "Bob").err
    line = bob.refused("proof", "export", "Alice", str(tmp_path / "proof.json"))
    assert line.startswith("This conversation is private")
    assert not (tmp_path / "proof.json").exists()


def test_whoever_uses_a_code_can_want_it_private(person: NewPerson, relay: RelayProcess) -> None:
    alice, bob = person("alice"), person("bob")
    for one, name in ((alice, "Alice"), (bob, "Bob")):
        one.do("profile", "create", name)
        one.do("servers", "add", relay.uri)
    link = alice.do("invite").out.strip()
    [row] = bob.do("connect", link, "--private", "--json").rows
    assert row["mode"] == "private"
