"""Commits that fail: callers hear of it, and nothing is lost or doubled."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.sdk.client.crashing import Fuse, fuse_up
from tests.sdk.client.people import (
    PATIENCE,
    Home,
    Place,
    introduce,
    nothing_more,
    one,
    take,
    texts,
    until,
)

from graphchat import Contact, ContactEstablished, ContactRequested, MessageDelivered
from graphchat.client import receive, worker
from graphchat.client.apply import Applier
from graphchat.errors import NotFoundError, StateError, StoreError


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again soon what could not be stored or done."""
    monkeypatch.setattr(receive, "REDELIVERY", 0.05)
    monkeypatch.setattr(worker, "FIRST_RETRY", 0.05)


@asynccontextmanager
async def full_disk(home: Home) -> AsyncIterator[None]:
    """Let every commit of ``home`` fail."""
    fuse = Fuse()
    fuse_up(home.client, fuse)
    fuse.disk_full = True
    yield
    fuse.disk_full = False


async def test_what_cannot_be_stored_is_not_said(alice: Home, bob: Home) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    await hers.post("before")
    async with full_disk(alice):
        results = await asyncio.gather(
            *(hers.post(f"lost {number}") for number in range(5)), return_exceptions=True
        )
        assert [type(result) for result in results] == [StoreError] * 5
    await hers.post("after")
    assert await texts(bob.me, 2) == ["before", "after"]
    await nothing_more(bob.me)


async def test_what_cannot_be_stored_comes_again(place: Place) -> None:
    alice, bob = await place.pair("one", "two")
    hers, his = await introduce(alice.me, bob.me)
    async with full_disk(bob):
        for number in range(50):
            await hers.post(str(number))
        await asyncio.sleep(0.3)
    assert await texts(bob.me, 50) == [str(number) for number in range(50)]
    await his.post("thanks")
    assert await texts(alice.me, 1) == ["thanks"]
    await nothing_more(bob.me)


async def test_an_answer_that_cannot_be_stored_sends_nothing_twice(
    place: Place, quick_receipts: None
) -> None:
    alice, bob = await place.pair("one", "two")
    hers, _ = await introduce(alice.me, bob.me)
    receipts = [await hers.post(str(number)) for number in range(20)]
    async with full_disk(alice):
        await asyncio.sleep(0.2)
    assert await texts(bob.me, 20) == [str(number) for number in range(20)]
    async with asyncio.timeout(PATIENCE):
        await receipts[-1].delivered()
    told = [name for event in await take(alice.me, MessageDelivered) for name in event.message_ids]
    assert told == [receipt.id for receipt in receipts][: len(told)]
    await nothing_more(bob.me)


async def test_a_code_is_not_used_up_by_a_full_disk(alice: Home, bob: Home) -> None:
    invitation = await alice.me.invite()
    async with full_disk(bob):
        with pytest.raises(StoreError):
            await bob.me.connect(invitation.link)
        with pytest.raises(StoreError):
            await bob.me.invite()
        with pytest.raises(StoreError):
            await bob.me.create_address()
    assert await bob.me.contacts() == []
    his = await bob.me.connect(invitation.link)
    async with asyncio.timeout(PATIENCE):
        await his.established()
    assert his.name == "Alice"
    assert (await bob.me.create_address()).link


async def test_a_handshake_goes_on_after_a_full_disk(place: Place) -> None:
    alice, bob = await place.pair("one", "two")
    invitation = await alice.me.invite()
    async with full_disk(alice):
        his = await bob.me.connect(invitation.link)
        await asyncio.sleep(0.3)
    async with asyncio.timeout(PATIENCE):
        hers = await invitation.contact()
        await his.established()
    # Names were taken and given back while nothing could be stored.
    assert (hers.name, his.name) == ("Bob", "Alice")


async def test_a_request_is_accepted_after_a_full_disk(place: Place) -> None:
    alice, bob = await place.pair("one", "two")
    address = await alice.me.create_address()
    async with full_disk(alice):
        his = await bob.me.connect(address.link)
        await asyncio.sleep(0.2)
    event = await one(alice.me, ContactRequested)
    assert event.request.name == "Bob"
    async with full_disk(alice):
        with pytest.raises(StoreError):
            await event.accept()
        with pytest.raises(StoreError):
            await event.reject()
    await event.accept()
    async with asyncio.timeout(PATIENCE):
        await his.established()
    await his.post("hello")
    assert await texts(alice.me, 1) == ["hello"]


async def test_a_disk_that_fills_up_during_an_acceptance(place: Place) -> None:
    alice, bob = await place.pair("one", "two")
    his = await bob.me.connect((await alice.me.create_address()).link)
    await (await one(alice.me, ContactRequested)).accept()
    async with full_disk(alice):
        await asyncio.sleep(0.2)
    async with asyncio.timeout(PATIENCE):
        await his.established()
    await his.post("hello")
    assert await texts(alice.me, 1) == ["hello"]


async def test_what_cannot_be_removed_stays(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    async with full_disk(alice):
        with pytest.raises(StoreError):
            await hers.remove()
    assert [each.name for each in await alice.me.contacts()] == ["Bob"]
    await his.post("still there?")
    assert await texts(alice.me, 1) == ["still there?"]
    again, _ = await introduce(alice.me, bob.me)
    assert again.name == "Bob 2"


async def test_a_client_closes_while_the_disk_is_full(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    await hers.post("owed a receipt")
    await one(bob.me, ContactEstablished)
    async with full_disk(bob), asyncio.timeout(5):
        await bob.close()
    await bob.reopen()
    assert await texts(bob.me, 1) == ["owed a receipt"]
    [his] = await bob.me.contacts()
    await his.post("back")
    assert await texts(alice.me, 1) == ["back"]


async def test_one_job_that_cannot_be_done_harms_no_other(alice: Home, bob: Home) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    invitation = await alice.me.invite()

    async def post(contact: Contact, text: str) -> bool:
        try:
            await contact.post(text)
        except StateError:
            return False
        return True

    posts = [
        post(invitation._contact if number % 5 == 2 else hers, str(number)) for number in range(40)
    ]
    done = await asyncio.gather(*posts)
    assert done == [number % 5 != 2 for number in range(40)]
    said = [str(number) for number in range(40) if number % 5 != 2]
    assert await texts(bob.me, len(said)) == said
    await nothing_more(bob.me)


async def test_a_fault_in_a_job_reaches_who_asked_and_nobody_else(alice: Home, bob: Home) -> None:
    hers, _ = await introduce(alice.me, bob.me)

    async def faulty(turn: Applier) -> None:
        raise ZeroDivisionError

    engine = alice.client.engine
    engine.soon(faulty)
    results = await asyncio.gather(
        hers.post("one"), engine.do(faulty), hers.post("two"), return_exceptions=True
    )
    assert isinstance(results[1], ZeroDivisionError)
    assert await texts(bob.me, 2) == ["one", "two"]


async def test_a_fault_after_a_commit_does_not_undo_it(alice: Home, bob: Home) -> None:
    hers, _ = await introduce(alice.me, bob.me)

    async def faulty(turn: Applier) -> str:
        turn.unit.after(lambda: 1 // 0)  # type: ignore[arg-type] # as a fault is
        return "done"

    results = await asyncio.gather(hers.post("one"), alice.client.engine.do(faulty))
    assert results[1] == "done"
    await hers.post("two")
    assert await texts(bob.me, 2) == ["one", "two"]
    await nothing_more(bob.me)


async def test_who_gives_up_waiting_disturbs_nobody(alice: Home, bob: Home) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    posts = [asyncio.create_task(hers.post(str(number))) for number in range(20)]
    await asyncio.sleep(0)
    for task in posts[::2]:
        task.cancel()
    await asyncio.gather(*posts, return_exceptions=True)
    await hers.post("last")
    heard = await texts(bob.me, 11)
    while heard[-1] != "last":
        heard += await texts(bob.me, 1)
    numbers = [int(text) for text in heard[:-1]]
    assert numbers == sorted(set(numbers))
    assert {number for number in range(20) if number % 2} <= set(numbers)


async def test_waiting_ends_when_the_client_is_closed(alice: Home, bob: Home) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    await bob.close()
    invitation = await alice.me.invite()
    receipt = await hers.post("nobody there")
    waits = [
        asyncio.create_task(wait)
        for wait in (invitation.contact(), receipt.delivered(), alice.me.wait_events(10**9))
    ]
    await asyncio.sleep(0.05)
    await alice.close()
    async with asyncio.timeout(PATIENCE):
        results = await asyncio.gather(*waits, return_exceptions=True)
    assert [type(result) for result in results] == [StateError] * 3
    for attempt in (hers.post("closed"), invitation.contact(), receipt.delivered()):
        with pytest.raises(StateError):
            await attempt


async def test_a_connection_that_is_gone_is_not_found(alice: Home) -> None:
    with pytest.raises(NotFoundError):
        await alice.client.engine.live(12345)
    await until(lambda: not alice.client.engine._pending)
