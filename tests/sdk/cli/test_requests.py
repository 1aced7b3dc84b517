import pytest
from tests.sdk.cli.people import NewPerson, Pair, Person
from tests.together.processes import RelayProcess


@pytest.fixture
def asked(person: NewPerson, relay: RelayProcess) -> Pair:
    """Return somebody with an address, and somebody who has asked at it."""
    alice, bob = person("alice"), person("bob")
    for one, name in ((alice, "Alice"), (bob, "Bob")):
        one.do("profile", "create", name, "--status", f"I am {name}")
        one.do("servers", "add", relay.uri)
    link = alice.do("address", "create").out.strip()
    bob.do("connect", link, "--text", "We met\nat [b]sea[/b]")
    (event,) = alice.receive(1)
    assert (event["event"], event["contact"]) == ("request", "Bob")
    return alice, bob


def test_a_request_is_listed_and_accepted(asked: Pair) -> None:
    alice, bob = asked
    (row,) = alice.do("requests", "list", "--json").rows
    assert (row["contact"], row["text"]) == ("Bob", "We met\nat [b]sea[/b]")
    assert row["status"] == "I am Bob"
    assert r"We met\nat [b]sea[/b]" in alice.do("requests", "list").out
    assert "Asking: Bob" in alice.refused("requests", "accept", "Bobby")
    listening = bob.start("receive", "--timeout", "15", "--json")
    done = alice.do("requests", "accept", "Bob", "--wait", "15", "--json")
    assert (done.rows[0]["contact"], done.rows[0]["state"]) == ("Bob", "established")
    assert done.rows[0]["trust"] == 0
    assert listening.stdout is not None
    assert '"event":"established","contact":"Alice"' in listening.stdout.readline()
    listening.kill()
    listening.communicate()
    assert alice.do("requests", "list", "--json").rows == []
    assert "Asking: nobody" in alice.refused("requests", "accept", "Bob")


def test_accepting_alone_does_not_wait_for_the_other_side(asked: Pair) -> None:
    alice, bob = asked
    (row,) = alice.do("requests", "accept", "Bob", "--json").rows
    assert row["state"] == "pending"
    assert bob.do("contacts", "--json").rows[0]["state"] == "requested"
    while bob.do("contacts", "--json").rows[0]["contact"] != "Alice":
        bob.do("receive", "--timeout", "0.3")


def test_a_rejected_request_is_forgotten(asked: Pair) -> None:
    alice, bob = asked
    (row,) = alice.do("requests", "list", "--json").rows
    done = alice.do("requests", "reject", str(row["id"]))
    assert (done.out, done.err) == ("", "The request is forgotten.\n")
    assert alice.do("requests", "list").out == ""
    assert alice.do("contacts", "--json").rows == []
    assert [row["state"] for row in bob.do("contacts", "--json").rows] == ["requested"]


def test_too_long_a_text_is_refused(asked: Pair, person: NewPerson) -> None:
    alice, bob = asked
    link = alice.do("address", "show").out.strip()
    assert "at most 1000 characters" in bob.refused("connect", link, "--text", "x" * 1001)


def test_an_empty_list_says_that_it_fetches_nothing(alice: Person) -> None:
    done = alice.do("requests", "list", "--json")
    assert done.rows == []
    assert done.err == (
        "Nobody waits for an answer among what has been received. To fetch what is new:"
        " graphchat receive\n"
    )
