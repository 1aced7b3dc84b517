import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256

import pytest
from tests.postgres import Postgres

from graphchat_relay.bus import postgres as module
from graphchat_relay.bus.postgres import PostgresBus


class Heard:
    """What one end of the bus hears."""

    def __init__(self, bus: PostgresBus) -> None:
        self.news: dict[bytes, int] = {}
        self.gaps = 0
        bus.on_wake(self.news.update)
        bus.on_gap(self._gap)

    def _gap(self) -> None:
        self.gaps += 1


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - a network is in between
            await asyncio.sleep(0.005)


@asynccontextmanager
async def running(*buses: PostgresBus) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(bus.run()) for bus in buses]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def dsn(postgres: Postgres) -> str:
    return postgres.database()


async def test_what_one_replica_publishes_the_others_hear(dsn: str) -> None:
    one, two = PostgresBus(dsn), PostgresBus(dsn)
    at_one, at_two = Heard(one), Heard(two)
    async with running(one, two):
        await until(lambda: at_one.gaps == at_two.gaps == 1)
        # Far more than one notification holds.
        news = {sha256(bytes([n % 256, n // 256])).digest(): n % 3 for n in range(1000)}
        one.publish(news)
        await until(lambda: len(at_two.news) == len(news))
        assert at_two.news == news
        assert at_one.news == {}, "nobody hears itself"


async def test_a_broken_connection_is_made_again_and_told_as_a_gap(
    postgres: Postgres, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.01)
    one, two = PostgresBus(dsn), PostgresBus(dsn)
    heard = Heard(two)
    name = dsn.rpartition("/")[2]
    async with running(one, two):
        await until(lambda: heard.gaps == 1)
        end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        await asyncio.to_thread(postgres.psql, "postgres", end)
        await until(lambda: heard.gaps == 2)
        one.publish({bytes(32): 7})
        await until(lambda: heard.news == {bytes(32): 7})


async def test_what_is_published_without_a_connection_waits_for_one(dsn: str) -> None:
    one, two = PostgresBus(dsn), PostgresBus(dsn)
    heard = Heard(two)
    one.publish({bytes(32): 0})
    one.publish({bytes(32): 5})
    async with running(two):
        await until(lambda: heard.gaps == 1)
        async with running(one):
            await until(lambda: heard.news == {bytes(32): 5})


async def test_words_of_strangers_on_the_channel_are_ignored(postgres: Postgres, dsn: str) -> None:
    bus = PostgresBus(dsn)
    heard = Heard(bus)
    name = dsn.rpartition("/")[2]
    async with running(bus):
        await until(lambda: heard.gaps == 1)
        for words in ("", "x", "x y z", f"x {'A' * 43}:nine", "x :1"):
            await asyncio.to_thread(postgres.psql, name, f"NOTIFY graphchat_relay, '{words}'")
        other = PostgresBus(dsn)
        other.publish({bytes(32): 1})
        async with running(other):
            await until(lambda: heard.news == {bytes(32): 1})


async def test_a_bus_without_a_server_says_so_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.01)
    async with running(PostgresBus("postgresql://hunter2@127.0.0.1:1/none")):
        await asyncio.sleep(0.2)
    [record] = caplog.records
    assert "cannot wake each other" in record.message
    assert "hunter2" not in caplog.text
