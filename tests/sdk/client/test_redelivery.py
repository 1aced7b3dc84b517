import asyncio
from dataclasses import dataclass, field

import pytest

from graphchat.client import redelivery
from graphchat.client.redelivery import Redelivery, Source
from graphchat.ids import Fingerprint, QueueId
from graphchat.wire.uri import RelayAddress

RELAY = RelayAddress("https://relay.example/q", Fingerprint(bytes(16)))
SOURCE = Source(1, RELAY, QueueId(b"q" * 18))
OTHER = Source(1, RELAY, QueueId(b"o" * 18))
FIRST = 0.05


@dataclass
class Asked:
    """What was asked for, and when."""

    found: list[Source] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def ask(self, source: Source) -> None:
        self.found.append(source)
        self.times.append(asyncio.get_running_loop().time())

    async def wait(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.found) < count:  # noqa: ASYNC110 - a list tells nobody that it grew
                await asyncio.sleep(0.002)


async def test_a_queue_is_planned_once() -> None:
    asked = Asked()
    made = Redelivery(asked.ask, FIRST)
    for _ in range(50):
        made.plan(SOURCE)
    made.plan(OTHER)
    await asyncio.sleep(3 * FIRST)
    assert sorted(asked.found) == sorted([SOURCE, OTHER])


async def test_pauses_double_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redelivery, "LAST", 4 * FIRST)
    asked = Asked()
    made, time = Redelivery(asked.ask, FIRST), asyncio.get_running_loop().time
    pauses: list[float] = []
    for number in range(1, 6):
        started = time()
        made.plan(SOURCE)
        await asked.wait(number)
        pauses.append((asked.times[-1] - started) / FIRST)
    for pause, least in zip(pauses, (1, 2, 4, 4, 4), strict=True):
        assert least <= pause + 0.01
    assert pauses[4] < 8


async def test_success_makes_the_next_pause_short_and_never_longer() -> None:
    asked = Asked()
    made, time = Redelivery(asked.ask, FIRST), asyncio.get_running_loop().time
    for number in range(1, 4):
        made.plan(SOURCE)
        await asked.wait(number)
    started = time()
    made.plan(SOURCE)  # eight times the first pause
    while len(asked.found) < 4:
        made.worked(SOURCE)
        await asyncio.sleep(FIRST / 5)
    assert time() - started < 4 * FIRST
    made.worked(SOURCE)
    assert not made._pauses


async def test_what_is_forgotten_or_closed_is_not_asked_for() -> None:
    asked = Asked()
    made = Redelivery(asked.ask, FIRST)
    made.plan(SOURCE)
    made.plan(OTHER)
    made.forget(SOURCE)
    made.forget(SOURCE)
    made.close()
    await asyncio.sleep(2 * FIRST)
    assert asked.found == []
