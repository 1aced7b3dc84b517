"""One person with two homes, by the commands."""

from tests.sdk.cli.people import NewPerson, Pair


def test_a_device_is_linked_shares_everything_and_is_removed(
    pair: Pair, person: NewPerson
) -> None:
    alice, bob = pair
    alice.do("send", "Bob", "before")
    bob.receive(1)
    laptop = person("laptop")
    (code,) = alice.do("device", "link", "--name", "phone", "--wait", "0", "--json").rows
    done = laptop.do("device", "accept", code["link"], "--name", "laptop", "--wait", "1")
    assert "Not done yet" in done.err
    alice.receive(1)
    laptop.do("receive", "--timeout", "2")
    (asks,) = alice.receive(1)
    assert (asks["event"], asks["device"], len(asks["words"])) == ("device.asks", "laptop", 4)
    unasked = alice.run("device", "confirm", "laptop")
    assert (unasked.status, unasked.out) == (1, "")
    assert "add --yes" in unasked.err
    (row,) = alice.do("device", "confirm", "laptop", "--yes", "--json").rows
    assert (row["device"], row["state"]) == ("laptop", "linked")
    laptop.receive(1)
    assert [row["contact"] for row in laptop.do("contacts", "--json").rows] == ["Bob"]
    assert "before" in laptop.do("history", "Bob").out
    names = [(row["device"], row["here"]) for row in laptop.do("device", "list", "--json").rows]
    assert names == [("laptop", True), ("phone", False)]
    assert "phone" in laptop.do("device", "list").out
    laptop.do("device", "remove", "phone", "--yes")
    _, event = alice.receive(2)
    assert (event["event"], event["here"]) == ("device.removed", True)
    assert alice.refused("send", "Bob", "nobody hears this").startswith("This device was removed")


def test_without_a_person_nobody_is_let_in_or_removed(pair: Pair) -> None:
    alice, _ = pair
    assert "only one" in alice.do("device", "list").err
    (code,) = alice.do("device", "link", "--wait", "0", "--json").rows
    assert alice.refused("connect", code["link"]).startswith("This code links another device")
    assert alice.refused("device", "accept", "GRAPHCHAT:DEVICE/AAAA")
    assert alice.refused("device", "confirm", "laptop").startswith("There is no device")
    assert alice.refused("device", "remove", "laptop").startswith("There is no device")


def test_nobody_uses_a_code_in_time(pair: Pair) -> None:
    alice, _ = pair
    done = alice.run("device", "link", "--wait", "0.05")
    assert done.status == 1
    assert done.out.startswith("GRAPHCHAT:DEVICE/")
    assert "Nobody has used it" in done.err
