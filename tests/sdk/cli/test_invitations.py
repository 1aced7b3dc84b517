from tests.sdk.cli.people import NewPerson, Person
from tests.together.processes import RelayProcess


def test_what_is_out_is_listed_and_taken_back(
    alice: Person, person: NewPerson, relay: RelayProcess
) -> None:
    alice.do("servers", "add", relay.uri)
    assert "graphchat invite" in alice.do("invite", "list").err
    links = [alice.do("invite").out.strip() for _ in range(2)]
    rows = alice.do("invite", "list", "--json").rows
    assert [row["link"] for row in rows] == links
    shown = alice.do("invite", "list").out
    assert rows[0]["id"][:8] in shown
    assert rows[0]["id"] not in shown
    done = alice.do("invite", "withdraw", rows[0]["id"][:8].upper())
    assert (done.out, done.err.startswith("The invitation is withdrawn")) == ("", True)
    assert [row["link"] for row in alice.do("invite", "list", "--json").rows] == links[1:]
    assert "No invitation begins" in alice.refused("invite", "withdraw", rows[0]["id"])
    bob = person("bob")
    bob.do("profile", "create", "Bob")
    bob.do("servers", "add", relay.uri)
    assert "used already, or withdrawn" in bob.run("connect", links[0]).err
    assert bob.do("connect", links[1]).status == 0


def test_several_that_begin_alike_are_not_guessed(alice: Person, relay: RelayProcess) -> None:
    alice.do("servers", "add", relay.uri)
    for _ in range(2):
        alice.do("invite")
    assert "Several invitations begin" in alice.refused("invite", "withdraw", "")
