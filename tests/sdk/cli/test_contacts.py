from tests.sdk.cli.people import Pair, Person


def test_contacts_are_listed_for_people_and_for_programs(pair: Pair) -> None:
    alice, _ = pair
    header, row = alice.do("contacts").out.splitlines()
    assert header.split() == ["contact", "kind", "state", "trust", "post_quantum", "relays"]
    assert row.split()[:5] == ["Bob", "person", "established", "2", "yes"]
    (found,) = alice.do("contacts", "--json").rows
    assert found["contact"] == "Bob"
    assert len(bytes.fromhex(found["id"])) == 16
    assert found["post_quantum"] is True
    assert found["relays"] == row.split()[5:]


def test_somebody_without_contacts_is_told_how_to_get_one(alice: Person) -> None:
    done = alice.do("contacts", "--json")
    assert (done.out, done.err) == ("", "Nobody yet. Invite somebody: graphchat invite\n")
