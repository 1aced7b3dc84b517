from io import BytesIO
from pathlib import Path

import pexpect
import pytest
from PIL import Image
from tests.sdk.cli.people import NewPerson, Person
from tests.together.processes import PROGRAM, environment


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "me.png"
    Image.new("RGB", (400, 300), "teal").save(path)
    return path


def test_a_profile_is_made_shown_and_listed(person: NewPerson, picture: Path) -> None:
    alice = person("alice")
    words = ["--avatar", str(picture), "--status", "on a boat", "--bio", "Sails."]
    done = alice.do("profile", "create", "Alice", *words)
    assert done.out.splitlines() == [
        "name: Alice",
        "kind: person",
        "status: on a boat",
        "bio: Sails.",
        "avatar: yes",
        "contacts: 0",
    ]
    assert "graphchat servers add URI" in done.err
    (row,) = alice.do("profile", "list", "--json").rows
    assert row == {
        "name": "Alice",
        "kind": "person",
        "status": "on a boat",
        "bio": "Sails.",
        "avatar": True,
        "indicators": False,
        "contacts": 0,
    }
    assert alice.do("profile", "show").out == done.out
    assert alice.do("profile", "list").out.splitlines()[1].split() == [
        "Alice",
        "on",
        "a",
        "boat",
        "0",
    ]


def test_no_profiles_are_an_empty_list(person: NewPerson) -> None:
    nobody = person("nobody")
    assert nobody.do("profile", "list", "--json").out == ""
    assert not nobody.home.exists()


def test_a_name_is_used_once(alice: Person) -> None:
    assert alice.refused("profile", "create", "Alice") == (
        "There is a profile 'Alice' already. Choose another name."
    )


@pytest.mark.parametrize(
    "name", ["", " ", "a\nb", "a\x1b[31m", "\u202eecila", "x" * 101, "\ud800"]
)
def test_a_name_that_cannot_be_shown_is_refused(name: str, person: NewPerson) -> None:
    alice = person("alice")
    done = alice.run("profile", "create", name)
    assert (done.status, done.out) == (1, "")
    assert "The name" in done.err.splitlines()[-1]


def test_only_what_is_named_changes(alice: Person, picture: Path) -> None:
    alice.do("profile", "edit", "Alice", "--avatar", str(picture), "--bio", "Sails.")
    (row,) = alice.do("profile", "edit", "--name", "Alicia", "--status", "back", "--json").rows
    assert (row["name"], row["status"], row["bio"], row["avatar"]) == (
        "Alicia",
        "back",
        "Sails.",
        True,
    )
    (row,) = alice.do("profile", "edit", "--no-avatar", "--bio", "", "--json").rows
    assert (row["name"], row["bio"], row["avatar"]) == ("Alicia", "", False)
    assert "no profile 'Alice'" in alice.refused("profile", "show", "Alice")


def test_a_name_of_another_profile_cannot_be_taken(alice: Person) -> None:
    alice.do("profile", "create", "Work")
    assert "already" in alice.refused("profile", "edit", "Work", "--name", "Alice")
    alice.do("profile", "edit", "Work", "--name", "Work", "--status", "busy")


def test_a_picture_that_is_none_is_refused(alice: Person, tmp_path: Path) -> None:
    path = tmp_path / "me.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    assert "damaged" in alice.refused("profile", "edit", "--avatar", str(path))
    buffer = BytesIO()
    Image.new("RGB", (10, 10)).save(buffer, "GIF")
    path.write_bytes(buffer.getvalue())
    assert "no PNG, JPEG or WebP" in alice.refused("profile", "create", "B", "--avatar", str(path))
    done = alice.run("profile", "edit", "--avatar", str(tmp_path / "nothing.png"))
    assert done.status == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--avatar", "PNG", "--no-avatar"], "Choose one of --avatar and --no-avatar."),
        (
            ["Alice"],
            (
                "Nothing to change. Say what: --name, --avatar, --no-avatar, --status, --bio or"
                " --indicators."
            ),
        ),
    ],
)
def test_an_edit_that_contradicts_itself_or_changes_nothing_is_wrong_usage(
    words: list[str], sentence: str, alice: Person, picture: Path
) -> None:
    typed = [str(picture) if word == "PNG" else word for word in words]
    done = alice.run("profile", "edit", *typed)
    assert (done.status, done.out, done.err) == (2, "", f"{sentence}\n")
    alice.do("profile", "edit", "--bio", "")


@pytest.mark.parametrize(("command", "more"), [("show", []), ("edit", ["--bio", "Sails."])])
def test_with_several_profiles_one_has_to_be_named(
    command: str, more: list[str], alice: Person
) -> None:
    alice.do("profile", "create", "Work")
    assert alice.refused("profile", command, *more) == (
        f"There are several profiles: Alice, Work. Choose: graphchat profile {command} NAME"
    )
    alice.do("profile", command, "Work", *more)


def test_a_profile_that_is_not_there_is_not_asked_about(alice: Person) -> None:
    assert alice.refused("profile", "delete", "Nobody").startswith("There is no profile 'Nobody'")


def test_a_profile_is_deleted_after_a_yes_on_a_terminal(alice: Person) -> None:
    command = [*PROGRAM[1:], "--home", str(alice.home), "profile", "delete", "Alice"]
    for answer, left in (("n", 1), ("y", 0)):
        with pexpect.spawn(
            PROGRAM[0], command, env=environment(), encoding="utf-8", timeout=60
        ) as typing:
            typing.expect("Delete Alice with all contacts and messages, for good")
            typing.sendline(answer)
            typing.expect(pexpect.EOF)
        assert len(alice.do("profile", "list", "--json").rows) == left


def test_a_profile_is_deleted_only_after_a_yes(alice: Person) -> None:
    line = alice.refused("profile", "delete", "Alice")
    assert line == "Nobody is here to ask. To delete 'Alice' for good, add --yes."
    assert len(alice.do("profile", "list", "--json").rows) == 1
    done = alice.do("profile", "delete", "Alice", "--yes")
    assert (done.out, done.err) == ("", "The profile Alice is deleted.\n")
    assert alice.do("profile", "list", "--json").rows == []
    assert "no profile" in alice.refused("profile", "delete", "Alice", "--yes")
