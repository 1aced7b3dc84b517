"""Broadcasts by commands."""

from tests.sdk.cli.people import Pair


def test_a_broadcast_is_made_subscribed_to_and_posted_in(pair: Pair) -> None:
    alice, bob = pair
    made = alice.do("broadcast", "create", "News", "--json").rows[0]
    assert made["group"] == "News"
    with alice.start("receive", "--follow") as host:
        try:
            done = bob.do("broadcast", "subscribe", str(made["link"]), "--wait", "30", "--json")
        finally:
            host.terminate()
    row = done.rows[0]
    assert (row["group"], row["broadcast"], row["role"]) == ("News", True, "observer")
    alice.do("broadcast", "post", "News", "Rain on Sunday")
    while "Rain on Sunday" not in bob.do("group", "history", "News").out:
        bob.do("receive", "--timeout", "0.25")
        alice.do("receive", "--timeout", "0.25")
    assert "role" in bob.refused("broadcast", "post", "News", "why?")
