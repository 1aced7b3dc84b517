import asyncio
from pathlib import Path

import aiohttp
import pytest
from structlog.testing import capture_logs

from graphchat.client import Client, MessageReceived, Profile
from graphchat.content import Text
from graphchat.errors import CodeError
from graphchat_bots import Bot, Message
from graphchat_bots.fleet import Fleet
from graphchat_bots.local_relay import local_relay
from graphchat_bots.runtime import Runtime


def echo(name: str, folder: Path, relay: str, health: str | None = None) -> Bot:
    bot = Bot(name, home=folder, relays=[relay], health=health)

    @bot.message()
    async def again(msg: Message) -> str:
        return f"{name}: {msg.text}"

    return bot


async def begun(fleet: Fleet, count: int) -> None:
    async with asyncio.timeout(100):
        while len(fleet._lives) < count:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)


async def test_bots_in_one_process_have_all_their_own(
    tmp_path: Path, unused_tcp_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    health = f"127.0.0.1:{unused_tcp_port}"
    async with local_relay(None) as relay:
        bots = [echo(name, tmp_path, relay, health) for name in ("one", "two")]
        fleet = Fleet()
        running = asyncio.create_task(fleet.run([(bot.setup(), None) for bot in bots]))
        await begun(fleet, 2)
        links = {(await life.invitation()).text for life in fleet._lives.values()}
        assert len(links) == 2
        async with Client(tmp_path / "ann.db", relays=[relay]) as client:
            ann = await client.create_profile(Profile("Ann"))
            for link in links:
                contact = await ann.connect(link)
                await contact.established()
                await contact.send("hi")
            heard = set()
            async with asyncio.timeout(100):
                async for event in ann.events():
                    if isinstance(event, MessageReceived) and isinstance(event.message, Text):
                        heard.add(event.message.text)
                    if len(heard) == 2:
                        break
        assert heard == {"one: hi", "two: hi"}
        async with aiohttp.ClientSession() as http, http.get(f"http://{health}/metrics") as answer:
            text = await answer.text()
        for name in ("one", "two"):
            assert f'graphchat_bot_sent_total{{bot="{name}"}} 1.0' in text
        fleet.stop()
        await running
    assert sorted(path.name for path in (tmp_path / "bots").iterdir()) == ["one", "two"]
    assert capsys.readouterr().err.count("runs. Whoever has this link") == 2


async def test_if_one_fails_the_others_stop_in_good_order_and_all_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, sweep = asyncio.Event(), Runtime._sweep

    async def fail(self: Runtime) -> None:
        if not self._crons:
            await sweep(self)
        await gate.wait()
        raise LookupError("my secret")

    monkeypatch.setattr(Runtime, "_sweep", fail)
    async with local_relay(None) as relay:
        good, bad = echo("good", tmp_path, relay), echo("bad", tmp_path, relay)
        bad.cron("0 0 * * *")(nothing)
        fleet = Fleet()
        running = asyncio.create_task(fleet.run([(bot.setup(), None) for bot in (good, bad)]))
        await begun(fleet, 2)
        gate.set()
        with capture_logs() as logs, pytest.raises(ExceptionGroup):
            await asyncio.wait_for(running, 100)
        assert [log["bot"] for log in logs if "all stop" in log["event"]] == ["bad"]
        assert "my secret" not in str(logs)
        # The good one has stopped in good order: it need not be careful at its next start.
        async with good:
            assert not good._live()._runtime._store.crashed


async def nothing() -> None:
    pass


async def test_one_that_cannot_start_stops_those_that_have(tmp_path: Path) -> None:
    async with local_relay(None) as relay:
        good, bad = echo("good", tmp_path, relay), echo("bad", tmp_path, "nonsense")
        with capture_logs() as logs, pytest.raises(CodeError):
            await Fleet().run([(bot.setup(), None) for bot in (good, bad)])
        assert [log["bot"] for log in logs if log["event"].startswith("a bot has failed")] == [
            "bad"
        ]


async def test_a_stop_before_a_bot_has_begun_ends_at_once(tmp_path: Path) -> None:
    async with local_relay(None) as relay:
        fleet = Fleet()
        running = asyncio.create_task(fleet.run([(echo("one", tmp_path, relay).setup(), None)]))
        await asyncio.sleep(0)
        fleet.stop()
        await asyncio.wait_for(running, 100)
        # Nothing is left behind that hinders the next start.
        async with echo("one", tmp_path, relay) as bot:
            assert (await bot.invitation()).text
