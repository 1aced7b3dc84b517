import asyncio

import pytest
from tests.sdk.client.people import PATIENCE, Home, Place, until

from graphchat import Profile
from graphchat.client import flood
from graphchat.store import Cursor


def count(cursor: Cursor) -> int:
    return int(cursor.execute("SELECT count(*) FROM client_connection").fetchall()[0][0])


async def asks(bob: Home, link: str, times: int) -> None:
    for _ in range(times):
        await bob.me.connect(link)
    async with asyncio.timeout(PATIENCE):
        await bob.client.settled()


async def dropped(alice: Home, wanted: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while await alice.me.dropped_requests() != wanted:  # noqa: ASYNC110 - a row of the database
            await asyncio.sleep(0.01)


async def test_a_flood_of_requests_fills_nothing(
    alice: Home, bob: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flood, "MOST", 2)
    other = await alice.client.create_profile(Profile("Other"))
    address = await alice.me.create_address()
    # One after the other: those of one batch are let in together.
    for _ in range(4):
        await asks(bob, address.link, 1)
        await asyncio.sleep(0.1)
    await dropped(alice, 2)
    requests = await alice.me.requests()
    assert [request.name for request in requests] == ["Bob", "Bob 2"]
    assert await alice.client.engine.context.database.read(count) == 2
    # A profile of its own has room of its own; who makes room has it again.
    assert await other.dropped_requests() == 0
    await requests[0].reject()
    await asks(bob, address.link, 1)
    await alice.reopen("Alice")
    assert await alice.me.dropped_requests() == 2
    assert len(await alice.me.requests()) == 2


async def test_who_accepts_all_drops_nobody(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flood, "MOST", 0)
    alice, bob = await place.pair()
    address = await alice.me.create_address(accept_all=True)
    async with asyncio.timeout(PATIENCE):
        contact = await bob.me.connect(address.link)
        await contact.established()
    await until(lambda: alice.client.online)
    assert await alice.me.dropped_requests() == 0
