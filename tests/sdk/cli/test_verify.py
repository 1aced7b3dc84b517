from tests.sdk.cli.people import Pair, Person


def test_both_see_the_same_six_words_and_note_that_they_did(pair: Pair) -> None:
    alice, bob = pair
    done = alice.do("verify", "Bob")
    words = done.out.split()
    assert len(words) == 6
    assert done.err == "If Bob sees the same words: graphchat verify Bob --yes\n"
    assert bob.do("verify", "Alice").out == done.out
    (row,) = alice.do("verify", "Bob", "--json").rows
    assert row == {
        "contact": "Bob",
        "words": " ".join(words),
        "trust": 2,
        "introduced_by": [],
    }

    assert alice.do("verify", "Bob", "--yes").err == "Bob is verified: trust 3.\n"
    assert [row["trust"] for row in alice.do("contacts", "--json").rows] == [3]
    assert [row["trust"] for row in bob.do("contacts", "--json").rows] == [2]
    again = alice.do("verify", "Bob")
    assert (again.out, again.err) == (done.out, "You have compared these words before.\n")
    (row,) = bob.do("verify", "Alice", "--yes", "--json").rows
    assert row["trust"] == 3


def test_who_is_no_contact_has_no_words(alice: Person) -> None:
    assert alice.refused("verify", "Nobody").startswith("There is no contact 'Nobody'")
