from tests.sdk.cli.people import Pair


def test_words_are_found_with_whom_they_were_said(pair: Pair) -> None:
    alice, bob = pair
    alice.do("send", "Bob", "Grüße aus dem Hafen")
    bob.receive(1)
    bob.do("send", "Alice", "HAFEN?")
    found = bob.do("search", "hafen").out.splitlines()
    assert [line[17:] for line in found] == [
        "Alice: Grüße aus dem Hafen",
        "Bob to Alice: HAFEN? [sent]",
    ]
    rows = bob.do("search", "GRUSSE", "--json").rows
    assert [(row["contact"], row["outgoing"]) for row in rows] == [("Alice", False)]
    assert len(bob.do("search", "hafen", "--limit", "1").out.splitlines()) == 1
    assert bob.do("search", "zzz").err == "No message contains 'zzz'.\n"
