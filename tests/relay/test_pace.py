"""What one socket may ask: by its own clock, and as others notice it."""

import asyncio

import pytest
from tests.relay.conftest import Serving
from tests.relay.raw import TEXT, all_of, frame, said, upgraded
from tests.relay.support import clients, envelope

from graphchat.testing.clock import FakeClock
from graphchat.wire.limits import S
from graphchat.wire.socket import Send, Sent, Unsubscribe, Unsubscribed
from graphchat_relay.limits import Limits
from graphchat_relay.pace import GARBAGE, LONGEST, Pace

LIMITS = Limits(objects_per_second=10, objects_burst=100, invalid_objects=30)


def test_objects_bytes_and_garbage_cost_and_time_brings_it_back() -> None:
    clock = FakeClock()
    pace = Pace(clock, LIMITS)
    assert pace.after(50, 40 * S, 0) == 0
    assert pace.after(20, 0, 0) == pytest.approx(1)
    clock.advance(1)
    assert pace.after(1, 0, 1) == pytest.approx((1 + GARBAGE) / 10)
    clock.advance(100)
    assert pace.after(100, 0, 0) == 0


def test_one_wait_is_not_too_long_but_what_is_owed_stays_owed() -> None:
    clock = FakeClock()
    pace = Pace(clock, LIMITS)
    assert pace.after(400, 0, 0) == LONGEST
    clock.advance(LONGEST)
    assert pace.after(0, 0, 0) == LONGEST
    clock.advance(2 * LONGEST)
    assert pace.after(0, 0, 0) == 0


def test_so_much_garbage_is_borne_in_five_minutes() -> None:
    clock = FakeClock()
    pace = Pace(clock, LIMITS)
    assert pace.bears(30)
    assert not pace.bears(1)
    clock.advance(10)
    assert [pace.bears(1), pace.bears(1)] == [True, False]


async def test_who_asks_too_fast_is_read_from_later_and_loses_nothing(serving: Serving) -> None:
    limits = {"objects_per_second": 2000.0, "objects_burst": 512}
    async with serving(**limits) as served, clients(served.uri) as peers:
        queue = await peers.rest.queue("alice", "bob")
        bob = await peers.socket()
        await bob.say(bob.attach("bob", queue.sender_uri))
        await bob.hear()
        for round_ in range(4):
            await bob.say(
                *(Send(f"{round_} {n}", queue.sender_uri, envelope(str(n))) for n in range(200))
            )
        answers = [await bob.hear() for _ in range(800)]
        assert all(isinstance(one, Sent) and one.error in {"", "quota"} for one in answers)
        assert served.metrics["slowed"] >= 2
        assert served.metrics["cut"] == 0


async def test_one_who_waits_keeps_nobody_else_waiting(serving: Serving) -> None:
    limits = {"objects_per_second": 0.001, "objects_burst": 600}
    async with serving(**limits) as served, clients(served.uri) as peers:
        eager, calm = await peers.socket(), await peers.socket()
        for _ in range(3):
            await eager.say(*(Unsubscribe(str(n), "x") for n in range(256)))
        for _ in range(768):
            assert isinstance(await eager.hear(), Unsubscribed)
        await eager.say(Unsubscribe("more", "x"))
        await eager.hears_nothing()
        await calm.say(Unsubscribe("calm", "x"))
        assert await calm.hear() == Unsubscribed("calm", ok=True)
        assert served.metrics["slowed"] == 1


async def test_garbage_is_answered_then_cut(serving: Serving) -> None:
    async with (
        serving(invalid_objects=20) as served,
        clients(served.uri) as peers,
        upgraded(peers) as (reader, writer),
    ):
        other = await peers.socket()
        garbage = frame(TEXT, b"[" + b",".join([b"{}"] * 10) + b"]")
        writer.write(garbage * 2)
        async with asyncio.timeout(5):
            for _ in range(20):
                await reader.readuntil(b'"invalid"')
        assert served.metrics["cut"] == 0
        writer.write(garbage * 5)
        found = await all_of(reader)
        assert said(1008) in found
        assert found.partition(said(1008))[0].count(b'"invalid"') <= 10
        assert served.metrics["cut"] == 1
        await other.say(Unsubscribe("calm", "x"))
        assert await other.hear() == Unsubscribed("calm", ok=True)
