import asyncio
from pathlib import Path

from tests.sdk.cli.people import Pair, Person

from graphchat import Client
from graphchat.content import BotCommand, BotCommands


def test_contacts_are_listed_for_people_and_for_programs(pair: Pair) -> None:
    alice, _ = pair
    header, row = alice.do("contacts").out.splitlines()
    assert header.split() == [
        "contact",
        "kind",
        "state",
        "trust",
        "mode",
        "post_quantum",
        "relays",
    ]
    assert row.split()[:6] == ["Bob", "person", "established", "2", "provable", "yes"]
    (found,) = alice.do("contacts", "--json").rows
    assert found["contact"] == "Bob"
    assert len(bytes.fromhex(found["id"])) == 16
    assert found["post_quantum"] is True
    assert found["relays"] == row.split()[6:]


def test_somebody_without_contacts_is_told_how_to_get_one(alice: Person) -> None:
    done = alice.do("contacts", "--json")
    assert (done.out, done.err) == ("", "Nobody yet. Invite somebody: graphchat invite\n")


def test_a_contact_is_removed_only_after_a_yes(pair: Pair) -> None:
    alice, bob = pair
    line = alice.refused("contacts", "remove", "Bob")
    assert line == "Nobody is here to ask. To remove 'Bob' for good, add --yes."
    assert alice.refused("contacts", "remove", "Nobody").startswith("There is no contact 'Nobody'")
    assert [row["contact"] for row in alice.do("contacts", "--json").rows] == ["Bob"]
    done = alice.do("contacts", "remove", "Bob", "--yes")
    assert (done.out, done.err) == ("", "The contact Bob is removed.\n")
    assert alice.do("contacts", "--json").rows == []
    assert [row["contact"] for row in bob.do("contacts", "--json").rows] == ["Alice"]


def test_commands_of_a_bot_are_listed(pair: Pair) -> None:
    alice, bob = pair
    done = alice.do("contacts", "commands", "Bob")
    assert (done.out, done.err) == ("", "The contact Bob has announced no commands.\n")
    asyncio.run(announce(bob.database))
    alice.receive(1)
    assert alice.do("contacts", "commands", "Bob").out.splitlines()[1].split() == ["go", "Go."]
    rows = alice.do("contacts", "commands", "Bob", "--json").rows
    assert rows == [{"command": "go", "help": "Go."}]


async def announce(database: Path) -> None:
    async with Client(database) as client:
        [me] = await client.profiles()
        [contact] = await me.contacts()
        receipt = await contact.post(BotCommands((BotCommand("go", "Go."),)))
        await receipt.sent()
