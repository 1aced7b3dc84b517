import asyncio
from pathlib import Path

import aiohttp
import pytest

from graphchat.errors import StateError
from graphchat.store import Database
from graphchat_bots import Bot, Message
from graphchat_bots.health import Health, parse
from graphchat_bots.local_relay import local_relay


async def get(port: int, path: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{port}{path}") as answer,
    ):
        return answer.status, await answer.text()


async def until(port: int, path: str, status: int) -> None:
    async with asyncio.timeout(100):
        while (await get(port, path))[0] != status:  # noqa: ASYNC110 - it tells in no other way
            await asyncio.sleep(0.01)


def slow(folder: Path, relay: str) -> tuple[Bot, asyncio.Event, asyncio.Event]:
    bot, inside, gate = Bot("slow", home=folder, relays=[relay]), asyncio.Event(), asyncio.Event()

    @bot.message()
    async def answer(msg: Message) -> str:
        inside.set()
        await gate.wait()
        return msg.text

    return bot, inside, gate


async def test_a_bot_is_ready_while_it_receives_and_a_relay_is_reachable(tmp_path: Path) -> None:
    from graphchat_bots.life import Life  # noqa: PLC0415 - beside what it is about

    async with Health.served("127.0.0.1:0") as health:
        assert (await get(health.port, "/readyz"))[0] == 503
        assert await get(health.port, "/livez") == (200, "ok\n")
        async with local_relay(None) as relay:
            bot, _, _ = slow(tmp_path, relay)
            async with Life.begin(bot.setup(), None, health) as life:
                await life.invitation()
                await until(health.port, "/readyz", 200)
                status, text = await get(health.port, "/metrics")
                assert status == 200
                assert 'graphchat_bot_ready{bot="slow"} 1.0' in text
                life.stop()
                assert (await get(health.port, "/readyz"))[0] == 503
                await life.ended()
        assert (await get(health.port, "/readyz"))[0] == 503


async def test_a_bot_without_a_reachable_relay_is_not_ready(tmp_path: Path) -> None:
    async with local_relay(tmp_path / "relay") as relay:
        bot, _, _ = slow(tmp_path, relay)
        async with bot:
            await bot.invitation()
    bot._health = "127.0.0.1:0"
    async with bot:
        life = bot._live()
        async with asyncio.timeout(100):
            while not life._runtime.receives:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0)
        assert not life.is_ready()
        assert life.is_alive()


async def test_a_writer_that_hangs_is_not_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = Bot("echo")

    @bot.message()
    async def echo(msg: Message) -> str:
        return msg.text

    hangs, gate, write = asyncio.Event(), asyncio.Event(), Database.write

    async def hang(self: Database, work: object) -> object:
        hangs.set()
        await gate.wait()
        return await write(self, work)  # type: ignore[arg-type]  # passed through

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("first")
        assert world._runtime.is_alive()
        monkeypatch.setattr(Database, "write", hang)
        await ann.sends("second")
        await hangs.wait()
        monkeypatch.setattr("graphchat_bots.runtime.LONGEST_COMMIT", 0.0)
        assert not world._runtime.is_alive()
        monkeypatch.undo()
        gate.set()
        assert await ann.hears() == ["second"]


async def test_two_cannot_be_served_at_one_port() -> None:
    async with Health.served("127.0.0.1:0") as first:
        with pytest.raises(StateError, match="Choose another port"):
            async with Health.served(f"127.0.0.1:{first.port}"):
                pass


def test_addresses_are_read_and_what_is_none_is_named() -> None:
    assert parse("127.0.0.1:9464") == ("127.0.0.1", 9464)
    assert parse("[::1]:1") == ("::1", 1)
    for wrong in ("9464", "host:", ":1", "host:70000", "host:x"):
        with pytest.raises(StateError, match="is no address"):
            parse(wrong)
