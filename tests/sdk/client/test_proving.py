import asyncio

import pytest
from tests.sdk.client.people import Home, one

from graphchat import ContactRequested
from graphchat.client import codes, proving
from graphchat.client.proving import prove
from graphchat.codes import Code, CodeLane, Kind
from graphchat.crypto.work import is_enough
from graphchat.errors import ContentError
from graphchat.ids import Fingerprint, QueueId
from graphchat.secret import Secret

LANE = CodeLane(Fingerprint(bytes(16)), "https://relay.example/q", QueueId(bytes(18)), bytes(32))
KEY = b"k" * 32


def address(work: int) -> Code:
    return Code(Kind.ADDRESS, bytes(16), None, bytes(32), (LANE,), work=work)


async def test_it_tells_how_far_it_is_and_finds_what_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proving, "PIECE", 10)
    heard: list[tuple[int, int]] = []
    code = address(8)
    nonce = await prove(code, KEY, lambda *step: heard.append(step))
    assert is_enough(code.hash, KEY, nonce, 8)
    assert heard == [(done, 256) for done in range(10, 10 * len(heard) + 1, 10)]


async def test_a_code_that_wants_none_gets_none() -> None:
    invitation = Code(Kind.INVITE, bytes(16), Secret(bytes(32)), bytes(32), (LANE,))
    assert await prove(invitation, KEY, lambda _done, _of: None) == b""
    assert await prove(address(0), KEY, lambda _done, _of: None) == b""


async def test_who_has_had_enough_can_stop() -> None:
    task = asyncio.create_task(prove(address(26), KEY, lambda _done, _of: None))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_address_that_wants_work_takes_requests_that_show_it(
    alice: Home, bob: Home
) -> None:
    made = await alice.me.create_address(work=9)
    assert (made.work, Code.parse(made.link).work) == (9, 9)
    await bob.me.connect(made.link, text="I have worked for it")
    event = await one(alice.me, ContactRequested)
    assert event.text == "I have worked for it"
    contact = await event.accept()
    async with asyncio.timeout(30):
        await contact.established()
    await alice.reopen()
    assert (await alice.me.address()).work == 9


async def test_a_request_without_work_leaves_nothing(
    alice: Home, bob: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await alice.me.create_address(work=20)

    async def lazy(code: Code, ckb: bytes, progress: object) -> bytes:
        return bytes(8)

    with monkeypatch.context() as patch:
        patch.setattr("graphchat.client.profile.prove", lazy)
        await bob.me.connect(made.link, text="spam")
    await bob.client.settled()
    invited = await alice.me.invite()
    # Something that came later is here, so the request was seen.
    async with asyncio.timeout(30):
        await bob.me.connect(invited.link)
        await invited.contact()
    assert await alice.me.requests() == []
    assert len(alice.client.engine.context.cids) == 1


async def test_work_has_its_limits(alice: Home) -> None:
    for work in (-1, 27):
        with pytest.raises(ContentError, match="0 to 26"):
            await alice.me.create_address(work=work)
    assert codes.Asker((await alice.client.profile()).card).work == b""
