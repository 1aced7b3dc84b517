import asyncio
from contextlib import ExitStack
from typing import Any

import pytest

from graphchat.testing.clock import FakeClock
from graphchat_relay import intake
from graphchat_relay.buckets import Bucket
from graphchat_relay.intake import Intake
from graphchat_relay.ledger import Ledger
from graphchat_relay.requests import Requests


def open_to(most: int, evicted: list[int]) -> Requests:
    return Requests(most, lambda: evicted.append(1), Bucket(FakeClock(), 1, 2))


class Peer:
    """A client that says and takes when the test lets it."""

    def __init__(self) -> None:
        self.coming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.intake = Intake(self.coming.get, self._send, Ledger())
        self.answers: list[str] = []

    async def _send(self, event: Any) -> None:
        self.answers.append(event["type"])

    async def read(self) -> str:
        try:
            found = await self.intake.receive()
        except TimeoutError:
            return "evicted"
        return str(found["type"])


async def test_the_one_who_has_waited_longest_makes_room() -> None:
    evicted: list[int] = []
    requests, peers = open_to(3, evicted), [Peer() for _ in range(5)]
    with ExitStack() as stack:
        assert stack.enter_context(requests.holding(peers[0].intake)), "this one is worked for"
        for peer in peers[1:3]:
            assert stack.enter_context(requests.holding(peer.intake))
        reading = [asyncio.create_task(peer.read()) for peer in peers[1:3]]
        await asyncio.sleep(0)
        assert stack.enter_context(requests.holding(peers[3].intake))
        assert await reading[0] == "evicted"
        assert await peers[1].read() == "evicted", "it has no second chance"
        assert stack.enter_context(requests.holding(peers[4].intake))
        assert await reading[1] == "evicted"
        with requests.holding(Peer().intake) as welcome:
            assert not welcome, "nobody is left who waits for a client"
        assert len(requests) == 5
        assert evicted == [1, 1]
    assert len(requests) == 0


async def test_an_end_waits_for_those_under_way_but_not_for_long() -> None:
    requests, peer = open_to(1, []), Peer()
    with requests.holding(peer.intake):
        await requests.quiet(0.01)
        waiting = asyncio.create_task(requests.quiet(60))
        await asyncio.sleep(0)
        assert not waiting.done()
    await asyncio.wait_for(waiting, 5)


async def test_who_holds_much_and_waits_may_be_sent_away() -> None:
    evicted: list[int] = []
    requests, peer = open_to(2, evicted), Peer()
    with requests.holding(peer.intake):
        peer.coming.put_nowait({"type": "http.request", "body": b"x" * 1000, "more_body": True})
        assert await peer.read() == "http.request"
        assert list(requests.holders()) == []
        reading = asyncio.create_task(peer.read())
        await asyncio.sleep(0)
        [holder] = requests.holders()
        assert holder.held == 1000
        holder.shed()
        assert await reading == "evicted"
        assert evicted == [1]
    assert peer.intake.held == 0


async def test_refusals_of_a_flood_wait_until_others_need_their_place() -> None:
    requests, peers = open_to(4, []), [Peer() for _ in range(5)]
    with ExitStack() as stack:
        for peer in peers[:4]:
            stack.enter_context(requests.holding(peer.intake))
            peer.intake.finished = True
        for peer in peers[:2]:
            await peer.intake.send({"type": "http.response.start", "status": 401})
        await peers[2].intake.send({"type": "http.response.start", "status": 200})
        assert [len(peer.answers) for peer in peers] == [1, 1, 1, 0, 0]
        refusing = asyncio.create_task(
            peers[3].intake.send({"type": "http.response.start", "status": 401})
        )
        await asyncio.sleep(0)
        assert peers[3].answers == []
        assert peers[3].intake.waits
        assert stack.enter_context(requests.holding(peers[4].intake))
        await refusing
        assert peers[3].answers == ["http.response.start"]


async def test_a_refusal_of_a_flood_is_answered_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(intake, "REFUSED", 0.01)
    requests, peer = open_to(1, []), Peer()
    with requests.holding(peer.intake):
        peer.intake.finished = True
        for _ in range(3):
            await peer.intake.send({"type": "http.response.start", "status": 404})
        assert len(peer.answers) == 3
