"""Long conversations that a new device gets: in order, once, whatever ends in between."""

import asyncio

import pytest
from tests.sdk.client.devices.people import link, said, until_said
from tests.sdk.client.people import PATIENCE, Place, introduce, texts, until

from graphchat.client.devices import old


async def test_many_lines_come_in_order_while_others_are_said(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(old, "LINES", 5)
    alice, bob = await place.pair()
    hers, his = await introduce(alice.me, bob.me)
    for number in range(23):
        await (hers if number % 2 else his).post(f"{number}")
    await until_said(hers, *(f"{'>' if n % 2 else '<'} {n}" for n in range(23)))
    before = await said(hers)
    laptop = await place.home("laptop", [place.relays["one"]])
    there = await link(alice, laptop)
    copy = await there.contact("Bob")
    await his.send("new")
    await until_said(copy, *before, "< new")
    assert await said(copy) == [*before, "< new"]
    assert await texts(there, 1) == ["new"]
    found = await copy.history(query="13")
    assert [line.message.text for line in found if hasattr(line.message, "text")] == ["13"]


async def test_it_goes_on_where_it_was_when_a_device_is_opened_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(old, "LINES", 2)
    monkeypatch.setattr(old, "AHEAD", 1)
    alice, bob = await place.pair()
    hers, _ = await introduce(alice.me, bob.me)
    for number in range(20):
        await hers.post(f"{number}")
    laptop = await place.home("laptop", [place.relays["one"]])
    code = await alice.me.link_device("phone")
    joined = await laptop.client.accept_device(code.link, "laptop")
    await (await code.device()).confirm()
    await joined.linked()
    await laptop.close()
    await alice.reopen()
    await laptop.reopen("laptop")
    cards = laptop.client.engine.context.cards
    await until(lambda: any(card.name == "Alice" for card in cards.values()))
    there = await laptop.client.profile("Alice")
    device = await there.device("phone")
    async with asyncio.timeout(PATIENCE):
        await device.synced()
    assert device.progress == (20, 20)
    assert await said(await there.contact("Bob")) == [f"> {number}" for number in range(20)]
