from tests.sdk.cli.people import Pair


def test_a_code_gives_new_keys_by_the_commands(pair: Pair) -> None:
    alice, bob = pair
    (code,) = bob.do("rekey", "Alice", "--json").rows
    making = bob.start("receive", "--timeout", "20", "--json")
    (row,) = alice.do("connect", code["link"], "--wait", "60", "--json").rows
    assert (row["contact"], row["trust"], row["state"]) == ("Bob", 3, "established")
    making.communicate(timeout=60)
    rows = bob.do("contacts", "--json").rows
    assert [each["trust"] for each in rows] == [3]
    assert alice.refused("connect", code["link"]).startswith("This code was used here already")
