"""Commands about what was said, by two people with homes."""

import time
from typing import Any

import pytest
from tests.sdk.cli.people import Pair, Person


def told(person: Person, event: str) -> dict[str, Any]:
    """Return the next event of a kind; receipts may come before it."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        rows = person.do("receive", "--timeout", "0.25", "--json").rows
        if found := [row for row in rows if row["event"] == event]:
            return found[0]
    raise AssertionError(event)


def test_a_message_is_edited_and_deleted(pair: Pair) -> None:
    alice, bob = pair
    alice.do("send", "Bob", "see you at nine")
    assert alice.do("edit", "Bob", "last", "see you at eight").out == "sent\n"
    # Nobody had looked: it is told as it is now.
    first, second = bob.receive(2)
    assert (first["event"], first["text"]) == ("message", "see you at eight")
    assert (second["event"], second["text"]) == ("edited", "see you at eight")
    assert alice.do("history", "Bob").out.endswith("Alice: see you at eight [sent, edited]\n")
    (line,) = alice.do("history", "Bob", "--json").rows
    assert "edited_at" in line
    assert bob.refused("delete", "Alice", line["id"]).startswith("Only its author can edit")
    done = alice.do("delete", "Bob", line["id"][:6])
    assert done.err == f"The message {line['id'][:8]} is deleted.\n"
    assert told(bob, "deleted")["id"] == line["id"]
    for person, other in ((alice, "Bob"), (bob, "Alice")):
        assert "(deleted)" in person.do("history", other).out
        assert "eight" not in person.do("history", other).out


def test_a_message_of_theirs_is_deleted_here(pair: Pair) -> None:
    alice, bob = pair
    alice.do("send", "Bob", "hello")
    bob.receive(1)
    assert "is deleted here." in bob.do("delete", "Alice", "last", "--here").err
    assert "(deleted)" in bob.do("history", "Alice").out
    assert "hello" in alice.do("history", "Bob").out


def test_reactions_replies_and_ids(pair: Pair) -> None:
    alice, bob = pair
    alice.do("send", "Bob", "hello\nBob")
    (event,) = bob.receive(1)
    bob.do("react", "Alice", "last", "👍")
    bob.do("send", "Alice", "hi", "--reply", event["id"][:4])
    shown = ""
    while "hi" not in shown:
        shown += alice.do("receive", "--timeout", "0.3", "--ids").out
    assert f"{event['id'][:8]} * Bob reacts to {event['id'][:8]}: 👍\n" in shown
    assert "Bob: > hello\n    hi\n" in shown
    shown = alice.do("history", "Bob", "--ids").out
    assert shown.startswith(event["id"][:8])
    assert "]\n    👍 Bob\n" in shown
    first, second = alice.do("history", "Bob", "--json").rows
    assert first["reactions"] == [{"outgoing": False, "emoji": "👍"}]
    assert (second["reply_to"], second["quote"]) == (event["id"], "hello\nBob")
    bob.do("react", "Alice", event["id"])
    assert "👍" not in bob.do("history", "Alice").out
    assert bob.refused("react", "Alice", "last", "no").startswith("A reaction is one emoji")
    assert bob.refused("react", "Alice", "ffff00", "👍").startswith("There is no such message")


def test_a_poll_is_voted_on(pair: Pair) -> None:
    alice, bob = pair
    words = ("--poll", "Where?", "--option", "inside", "--option", "outside")
    alice.do("send", "Bob", *words)
    (event,) = bob.receive(1)
    assert (event["type"], event["options"]) == ("poll", ["inside", "outside"])
    bob.do("vote", "Alice", "last", "2")
    assert told(alice, "vote")["options"] == [1]
    shown = "(poll) Where?\n    1) inside\n    2) outside <- Bob"
    assert shown in alice.do("history", "Bob").out
    assert bob.refused("vote", "Alice", "last", "3").startswith("The poll has 2 options")
    assert bob.run("vote", "Alice", "last", "0").status == 2
    bob.do("vote", "Alice", "last")
    assert "<- Bob" not in bob.do("history", "Alice").out


def test_messages_disappear(pair: Pair) -> None:
    alice, bob = pair
    assert alice.do("disappear", "Bob").out == "New messages stay.\n"
    assert alice.do("disappear", "Bob", "1h").out == "New messages disappear after 1 hour.\n"
    (event,) = bob.receive(1)
    assert (event["event"], event["seconds"]) == ("timer", 3600)
    assert bob.do("disappear", "Alice", "--json").rows == [{"contact": "Alice", "seconds": 3600}]
    assert "(messages disappear after 1 hour from here on)" in bob.do("history", "Alice").out
    bob.do("send", "Alice", "hello")
    assert "[sent, until 20" in bob.do("history", "Alice").out
    assert bob.do("disappear", "Alice", "off").out == "New messages stay.\n"
    for wrong in ("1", "1y", "999w", "-1h"):
        assert bob.run("disappear", "Alice", wrong).status == 2


def test_a_person_reads_and_says_so_if_both_want_it(pair: Pair) -> None:
    alice, bob = pair
    for person, name in ((alice, "Alice"), (bob, "Bob")):
        person.do("profile", "edit", name, "--indicators")
    assert "indicators: yes" in alice.do("profile", "show").out
    alice.do("send", "Bob", "hello")
    (event,) = bob.receive(1)
    bob.do("read", "Alice")
    assert told(alice, "read")["id"] == event["id"]
    assert alice.do("history", "Bob").out.endswith("Alice: hello [read]\n")


def test_a_contact_is_called_by_a_name_of_ones_own(pair: Pair) -> None:
    alice, bob = pair
    done = alice.do("contacts", "rename", "Bob", "Bob from work")
    assert done.err == "The contact Bob is called Bob from work now.\n"
    bob.do("profile", "edit", "Bob", "--name", "Robert", "--status", "at sea")
    event = told(alice, "profile")
    assert event["contact"] == "Bob from work"
    assert (event["name"], event["status"]) == ("Robert", "at sea")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("edit", "Bob", "last", "x"), "Nothing was said yet that could be meant."),
        (("edit", "Bob", "last", " "), "Nothing is left of the text."),
        (("delete", "Bob", "xyz!"), "The id of a message has 4 to 32 digits"),
        (("choose", "Bob", "ffff", "1"), "There is no such message"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    words: tuple[str, ...], sentence: str, pair: Pair
) -> None:
    alice, _ = pair
    assert alice.refused(*words).startswith(sentence)
