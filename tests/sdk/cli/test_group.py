"""Groups by commands: each runs alone, and what is said goes on with the next."""

from pathlib import Path

from tests.sdk.cli.people import NewPerson, Pair, Person
from tests.together.processes import RelayProcess


def test_a_group_is_founded_joined_and_talked_in(pair: Pair, tmp_path: Path) -> None:
    alice, bob = pair
    made = alice.do("group", "create", "Hikers", "--history", "5", "--json").rows[0]
    assert (made["group"], made["role"], made["host"]) == ("Hikers", "owner", True)
    alice.do("group", "send", "Hikers", "Sunday at eight?")
    link = alice.do("group", "link", "Hikers").out.strip()
    assert link.startswith("GRAPHCHAT:GROUP/")
    with alice.start("receive", "--follow", "--json") as host:
        try:
            joined = bob.do("group", "join", link, "--wait", "30", "--json").rows[0]
            bob.do("group", "send", "Hikers", "I am in")
            assert host.stdout is not None
            assert any("I am in" in line for line in iter(host.stdout.readline, ""))
        finally:
            host.terminate()
    assert (joined["group"], joined["status"], joined["role"]) == ("Hikers", "member", "member")
    assert [each["name"] for each in bob.do("group", "members", "Hikers", "--json").rows] == [
        "Alice",
        "Bob",
    ]
    said = [row["text"] for row in alice.do("group", "history", "Hikers", "--json").rows]
    assert said == ["Sunday at eight?", "I am in"]
    assert "I am in" in alice.do("group", "history", "Hikers", "--search", "am in").out
    assert bob.do("group", "list", "--json").rows[0]["group"] == "Hikers"
    alice.do("group", "edit", "Hikers", "1", "Sunday at nine?")
    alice.do("group", "react", "Hikers", "Bob", "1", "👍")
    shown = alice.do("group", "history", "Hikers").out
    assert "#1 Alice: Sunday at nine? (edited)" in shown
    assert "#1 Bob: I am in [👍 Alice]" in shown
    row = alice.do("group", "history", "Hikers", "--search", "nine", "--json").rows[0]
    assert (row["text"], row["edited_at"] is not None, row["votes"]) == (
        "Sunday at nine?",
        True,
        [],
    )
    path = tmp_path / "map.bin"
    path.write_bytes(b"here")
    alice.do("group", "send", "Hikers", "the map", "--file", str(path))
    assert "(file map.bin, 4 bytes" in alice.do("group", "history", "Hikers").out
    number = str(alice.do("group", "history", "Hikers", "--json").rows[-1]["number"])
    got = alice.do("group", "get", "Hikers", "Alice", number, str(tmp_path / "got.bin")).out
    assert (got.strip(), (tmp_path / "got.bin").read_bytes()) == (
        str(tmp_path / "got.bin"),
        b"here",
    )
    assert "has no file" in alice.refused("group", "get", "Hikers", "Bob", "1")
    assert "no poll" in alice.refused("group", "vote", "Hikers", "Bob", "1", "1")
    assert "no such post" in alice.refused("group", "edit", "Hikers", "9", "x")
    assert "Nothing is left" in alice.refused("group", "edit", "Hikers", "1", " ")


def test_what_cannot_be_done_says_why(pair: Pair) -> None:
    alice, _ = pair
    assert "group create" in alice.do("group", "list").err
    assert "There is no group 'Hikers'" in alice.refused("group", "send", "Hikers", "hello")
    assert "no link to a group" in alice.refused("group", "join", "GRAPHCHAT:INVITE/AAAA")
    alice.do("group", "create", "Hikers")
    assert "nothing to post" in alice.refused("group", "send", "Hikers", " ")
    alice.do("group", "leave", "Hikers", "--forget")
    assert alice.do("group", "list", "--json").rows == []


def test_a_group_needs_a_relay(alice: Person) -> None:
    assert "servers add" in alice.refused("group", "create", "Hikers")


def test_a_link_to_a_group_is_no_invitation(
    person: NewPerson, pair: Pair, relay: RelayProcess
) -> None:
    alice, bob = pair
    alice.do("group", "create", "Hikers")
    link = alice.do("group", "link", "Hikers").out.strip()
    assert "graphchat group join" in bob.refused("connect", link)


def test_what_is_no_link_of_a_group_is_refused_with_what_to_do(alice: Person) -> None:
    assert alice.refused("group", "join", "Hikers").startswith("This is no graphchat link, and no")
