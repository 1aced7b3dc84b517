"""Two homes and two relays, and a relay that is killed, all by the command."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sdk.cli import people
from tests.together import processes
from tests.together.processes import RelayProcess, relays

Person = people.Person | processes.Person
Chat = tuple[Person, Person, list[RelayProcess]]


@pytest.fixture(params=["here", pytest.param("processes", marks=pytest.mark.slow)])
def chat(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Chat]:
    """Connect Alice and Bob, who receive through two relays.

    Their commands run here, which is fast, or each in a process of its own; relays always do.
    """
    people.without_secrets(monkeypatch)

    def person(name: str) -> Person:
        home = tmp_path / name
        return people.Person(home, capsys) if request.param == "here" else processes.Person(home)

    with relays(tmp_path, 2) as both:
        alice, bob = person("alice"), person("bob")
        for one, name in ((alice, "Alice"), (bob, "Bob")):
            one.do("profile", "create", name)
            for relay in both:
                one.do("servers", "add", relay.uri)
        inviting = alice.start("invite", "--wait", "60")
        assert inviting.stdout is not None
        link = inviting.stdout.readline().strip()
        (contact,) = bob.do("connect", link, "--wait", "60", "--json").rows
        inviting.communicate(timeout=60)
        assert inviting.returncode == 0
        assert contact["state"] == "established"
        assert len(contact["relays"]) == 2
        yield alice, bob, both


def texts(person: Person, count: int) -> list[str]:
    """Return the messages that come in until there are ``count``, and what follows at once."""
    found: list[str] = []
    end = time.monotonic() + 60
    while len(found) < count and time.monotonic() < end:
        found += heard(person)
    return found + heard(person)


def heard(person: Person) -> list[str]:
    rows = person.do("receive", "--timeout", "0.4", "--json").rows
    return [row["text"] for row in rows if row["event"] == "message"]


def test_messages_go_on_when_a_relay_dies_and_none_is_doubled_when_it_returns(
    chat: Chat,
) -> None:
    alice, bob, (first, second) = chat

    listening = bob.start("receive", "--timeout", "1", "--json")
    assert alice.do("send", "Bob", "to Bob 0", "--wait", "30").out == "delivered\n"
    assert '"text":"to Bob 0"' in listening.communicate(timeout=30)[0]
    listening = alice.start("receive", "--timeout", "1", "--json")
    assert bob.do("send", "Alice", "to Alice 0", "--wait", "30").out == "delivered\n"
    assert '"text":"to Alice 0"' in listening.communicate(timeout=30)[0]

    first.kill()
    for number in (1, 2, 3):
        assert alice.do("send", "Bob", f"to Bob {number}").out == "sent\n"
    assert texts(bob, 3) == ["to Bob 1", "to Bob 2", "to Bob 3"]
    assert bob.do("send", "Alice", "to Alice 1").out == "sent\n"
    assert texts(alice, 1) == ["to Alice 1"]

    first.start()
    second.kill()
    assert alice.do("send", "Bob", "to Bob 4").out == "sent\n"
    assert texts(bob, 1) == ["to Bob 4"]
    second.start()
    for person in (alice, bob, alice, bob):
        assert heard(person) == []

    said = [f"to Bob {number}" for number in range(5)]
    lines = bob.do("history", "Alice", "--json").rows
    assert [line["text"] for line in lines if not line["outgoing"]] == said
    lines = alice.do("history", "Bob", "--json").rows
    assert [line["text"] for line in lines if line["outgoing"]] == said
    assert {line["state"] for line in lines if line["outgoing"]} == {"delivered"}


@pytest.mark.slow
def test_what_a_killed_relay_had_acknowledged_arrives(chat: Chat) -> None:
    alice, bob, both = chat
    for number in range(3):
        assert alice.do("send", "Bob", str(number)).out == "sent\n"
    for relay in both:
        relay.kill()
    for relay in both:
        relay.start()
    assert texts(bob, 3) == ["0", "1", "2"]
