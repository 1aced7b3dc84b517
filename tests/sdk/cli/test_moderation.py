"""Roles and settings of groups by commands."""

from tests.sdk.cli.people import Pair


def test_settings_are_shown_and_changed(pair: Pair) -> None:
    alice, _ = pair
    alice.do("group", "create", "Hikers")
    before = alice.do("group", "settings", "Hikers", "--json").rows[0]
    assert (before["approval"], before["post"]) == (False, "member")
    words = ["--approval", "--history", "7", "--post", "admin", "--name", "Bikers"]
    after = alice.do("group", "settings", "Hikers", *words, "--json").rows[0]
    assert (after["approval"], after["history"], after["post"]) == (True, 7, "admin")
    assert alice.do("group", "list", "--json").rows[0]["group"] == "Bikers"


def test_who_asks_is_listed_let_in_given_a_role_and_removed(pair: Pair) -> None:
    alice, bob = pair
    alice.do("group", "create", "Hikers", "--approval")
    assert alice.do("group", "approve", "Hikers", "--json").rows == []
    bob.do("group", "join", alice.do("group", "link", "Hikers").out.strip())
    while not (asking := alice.do("group", "approve", "Hikers", "--json").rows):
        alice.do("receive", "--timeout", "0.25")
        bob.do("receive", "--timeout", "0.25")
    assert asking[0]["name"] == "Bob"
    assert "Asking: Bob" in alice.refused("group", "approve", "Hikers", "Mallory")
    alice.do("group", "approve", "Hikers", "Bob")
    alice.do("group", "role", "Hikers", "Bob", "moderator")
    alice.do("group", "mute", "Hikers", "Bob")
    [_, row] = alice.do("group", "members", "Hikers", "--json").rows
    assert (row["role"], bool(row["muted_until"])) == ("moderator", True)
    alice.do("group", "mute", "Hikers", "Bob", "--minutes", "0")
    assert "There is no member" in alice.refused("group", "remove", "Hikers", "Mallory")
    alice.do("group", "ban", "Hikers", "Bob")
    assert len(alice.do("group", "members", "Hikers", "--json").rows) == 1


def test_a_post_is_deleted_by_its_number(pair: Pair) -> None:
    alice, _ = pair
    alice.do("group", "create", "Hikers")
    alice.do("group", "send", "Hikers", "oops")
    alice.do("group", "delete", "Hikers", "Alice", "1")
    assert "(deleted)" in alice.do("group", "history", "Hikers").out
    assert "forwards no more" in alice.do("group", "host", "Hikers", "--stop").err
    assert "Nobody forwards" in alice.refused("group", "link", "Hikers")
