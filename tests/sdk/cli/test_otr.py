"""Talking off the record by commands, with somebody who has an open client."""

import asyncio
from threading import Event

import pytest
from tests.sdk.cli.people import Pair, Person
from tests.together.processes import Done

from graphchat import Client, Contact, OffTheRecord, Text


async def beside(person: Person, *words: str) -> Done:
    """Run a command of somebody while others do something."""
    return await asyncio.to_thread(person.run, *words)


async def heard(chat: OffTheRecord) -> list[str]:
    return [each.text async for each in chat.messages() if isinstance(each, Text)]


async def contact(client: Client, name: str) -> Contact:
    return await (await client.profile()).contact(name)


async def test_one_asks_by_a_command_and_the_other_accepts(pair: Pair) -> None:
    alice, bob = pair
    async with Client(bob.database) as client:
        his = await contact(client, "Alice")
        command = asyncio.create_task(
            beside(alice, "otr", "Bob", "--say", "psst", "--say", "bye", "--wait", "20")
        )
        await his.asked_off_the_record()
        chat = await his.accept_off_the_record()
        assert await heard(chat) == ["psst", "bye"]
        done = await command
    assert (done.status, done.out) == (0, ""), done
    assert "nothing is signed or kept" in done.err
    assert "You have ended it." in done.err


async def test_a_command_accepts_prints_and_ends_when_the_other_ends(pair: Pair) -> None:
    alice, bob = pair
    async with Client(bob.database) as client:
        his = await contact(client, "Alice")
        words = ("otr", "Bob", "--accept", "--say", "yes?", "--listen", "20", "--json")
        command = asyncio.create_task(beside(alice, *words))
        chat = await his.off_the_record(patience=20)
        await chat.send("listen")
        await anext(chat.messages())
        await chat.end()
        done = await command
    assert done.status == 0, done
    assert [row["text"] for row in done.rows] == ["listen"]
    assert done.rows[0]["contact"] == "Bob"


async def test_what_is_typed_is_said_line_by_line(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = pair
    async with Client(bob.database) as client:
        his = await contact(client, "Alice")
        lines = iter(["one\n", "\n", "two\n", ""])
        monkeypatch.setattr("sys.stdin.readline", lambda: next(lines), raising=False)
        command = asyncio.create_task(beside(alice, "otr", "Bob", "--wait", "20"))
        await his.asked_off_the_record()
        chat = await his.accept_off_the_record()
        assert await heard(chat) == ["one", "two"]
        assert (await command).status == 0


async def test_a_no_is_told(pair: Pair) -> None:
    alice, bob = pair
    async with Client(bob.database) as client:
        his = await contact(client, "Alice")
        asking = asyncio.create_task(his.off_the_record(patience=20))
        done = await beside(alice, "otr", "Bob", "--reject")
        assert (done.status, done.out) == (0, ""), done
        with pytest.raises(Exception, match="does not want"):
            await asking


async def test_receive_tells_who_asks_and_what_to_type(pair: Pair) -> None:
    alice, bob = pair
    async with Client(bob.database) as client:
        his = await contact(client, "Alice")
        asking = asyncio.create_task(his.off_the_record(patience=20))
        done = await beside(alice, "receive", "--timeout", "1")
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    assert "* Bob asks to talk off the record: graphchat otr Bob --accept" in done.out


def test_nobody_waits_for_ever(pair: Pair) -> None:
    alice, _ = pair
    assert "has not asked within" in alice.run("otr", "Bob", "--accept", "--wait", "0.2").err
    assert "has not answered" in alice.run("otr", "Bob", "--wait", "0.5").err
    assert alice.run("otr", "Bob", "--accept", "--reject").status == 2


async def test_it_ends_with_the_other_side_though_nobody_presses_enter(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = pair
    pressed = Event()
    monkeypatch.setattr("sys.stdin.readline", lambda: str(pressed.wait(60))[:0], raising=False)
    async with Client(bob.database) as client:
        his = await contact(client, "Alice")
        command = asyncio.create_task(beside(alice, "otr", "Bob", "--wait", "20"))
        await his.asked_off_the_record()
        await (await his.accept_off_the_record()).end()
        done = await command
    assert not pressed.is_set()
    pressed.set()
    assert "They have ended it." in done.err
