import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.bots.talking import Talker

from graphchat.clock import SystemClock
from graphchat.codes import Code, CodeLane, Kind
from graphchat.errors import StoreBusyError
from graphchat.ids import Fingerprint, QueueId
from graphchat_bots import Bot, Message, Role
from graphchat_bots.errors import ProviderError
from graphchat_bots.grants import invite
from graphchat_bots.life import left_out
from graphchat_bots.local_relay import local_relay
from graphchat_bots.place import Place

PROGRAM = """
import asyncio, sys
from datetime import timedelta
from pathlib import Path

import msgspec
from graphchat_bots import Bot, Ctx, Message

bot = Bot("counter")
inside = Path(sys.argv[1])


@bot.state
class Count(msgspec.Struct):
    n: int = 0


@bot.message()
async def count(msg: Message, count: Count) -> str:
    count.n += 1
    if msg.text == "slow":
        inside.touch()
        await asyncio.sleep(0.5)
    return f"{msg.text} is number {count.n}"


@bot.command()
async def remind(ctx: Ctx) -> str:
    await ctx.later(timedelta(seconds=1), ring)
    return "OK."


@bot.job
async def ring() -> str:
    return "ring"


bot.run()
"""


@contextmanager
def process(folder: Path, relay: str) -> Iterator[subprocess.Popen[str]]:
    (folder / "program.py").write_text(PROGRAM)
    environ = {name: value for name, value in os.environ.items() if "GRAPHCHAT" not in name}
    environ |= {"GRAPHCHAT_HOME": str(folder / "home"), "GRAPHCHAT_RELAYS": relay}
    with subprocess.Popen(
        [sys.executable, str(folder / "program.py"), str(folder / "inside")],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as started:
        try:
            yield started
        finally:
            started.kill()


class Orders:
    pass


async def appears(file: Path) -> None:
    """Wait for the mark that another process makes."""
    async with asyncio.timeout(30):
        while not file.exists():  # noqa: ASYNC110, ASYNC240 - it tells in no other way
            await asyncio.sleep(0.01)


async def test_an_invitation_that_is_made_while_the_bot_runs_is_redeemed(tmp_path: Path) -> None:
    async with local_relay(None) as relay:
        with process(tmp_path, relay) as running:
            talker = await Talker.begin(running, tmp_path, relay)
            folder = Place(tmp_path / "home", ()).folder("counter")
            line = invite(folder, Role.ADMIN, SystemClock())
            assert await talker.asks(line) == "You are admin of this bot now."
            assert (await talker.asks("/roles")).startswith("- #1: Ann, admin since")
            await talker.end()


async def test_a_stop_in_the_middle_of_a_handler_answers_exactly_once(tmp_path: Path) -> None:
    async with local_relay(None) as relay:
        with process(tmp_path, relay) as first:
            talker = await Talker.begin(first, tmp_path, relay)
            await talker.contact.send("slow")
            await appears(tmp_path / "inside")
            first.send_signal(signal.SIGTERM)
            await talker.communicate()
            assert first.returncode == 0
        assert await talker.hears(1) == ["slow is number 1"]  # it left before the end
        with process(tmp_path, relay):
            await talker.asks("fast")
            assert await talker.hears(2) == ["slow is number 1", "fast is number 2"]
            await talker.end()


@pytest.mark.slow
async def test_a_signal_at_any_moment_of_the_start_ends_it_and_the_next_start_works(
    tmp_path: Path,
) -> None:
    async with local_relay(None) as relay:
        for wait in (0.6, 2.0):
            with process(tmp_path, relay) as early:
                await asyncio.sleep(wait)
                early.send_signal(signal.SIGTERM)
                _, errors = await asyncio.to_thread(early.communicate)
                # Before the program is loaded the system ends it.
                assert early.returncode in (0, -signal.SIGTERM)
                assert "Traceback" not in errors
        with process(tmp_path, relay) as last:
            talker = await Talker.begin(last, tmp_path, relay)
            assert await talker.asks("fast") == "fast is number 1"
            await talker.end()


@pytest.mark.slow
async def test_a_second_signal_kills(tmp_path: Path) -> None:
    async with local_relay(None) as relay:
        with process(tmp_path, relay) as first:
            talker = await Talker.begin(first, tmp_path, relay)
            await talker.contact.send("slow")
            await appears(tmp_path / "inside")
            first.send_signal(signal.SIGINT)
            await asyncio.sleep(0.1)
            first.send_signal(signal.SIGINT)
            await talker.communicate()
            assert first.returncode == -signal.SIGINT
            await talker.end()


@pytest.mark.slow
async def test_kills_at_any_moment_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    dice = random.Random(7)
    async with local_relay(None) as relay:
        with process(tmp_path, relay) as first:
            talker = await Talker.begin(first, tmp_path, relay)
            said = 0
            for _ in range(30):
                await talker.contact.post(str(said))
                said += 1
            await asyncio.sleep(dice.uniform(0, 0.1))
            first.kill()
        for _ in range(8):
            with process(tmp_path, relay) as next_:
                assert next_.stdout is not None
                await asyncio.to_thread(next_.stdout.readline)
                for _ in range(30):
                    await talker.contact.post(str(said))
                    said += 1
                await asyncio.sleep(dice.uniform(0, 0.2))
                next_.kill()
        with process(tmp_path, relay):
            wanted = [f"{number} is number {number + 1}" for number in range(said)]
            assert await talker.hears(said) == wanted
            await talker.end()


@pytest.mark.slow
async def test_a_reminder_survives_a_kill(tmp_path: Path) -> None:
    async with local_relay(None) as relay:
        with process(tmp_path, relay) as first:
            talker = await Talker.begin(first, tmp_path, relay)
            assert await talker.asks("/remind") == "OK."
            first.kill()
        with process(tmp_path, relay):
            assert await talker.hears(2) == ["OK.", "ring"]
            await talker.end()


def echo(folder: Path, relay: str) -> Bot:
    bot = Bot("echo", home=folder, relays=[relay])

    @bot.message()
    async def again(msg: Message) -> str:
        return msg.text

    return bot


async def test_a_bot_runs_inside_an_existing_loop(tmp_path: Path) -> None:
    async with local_relay(None) as relay:
        bot = echo(tmp_path, relay)
        async with bot:
            link = (await bot.invitation()).text
        async with bot:
            assert (await bot.invitation()).text == link
            serving = asyncio.create_task(bot.serve())
            await asyncio.sleep(0)
            assert not serving.done()
            bot.stop()
            await asyncio.wait_for(serving, 10)


async def test_serving_ends_when_the_bot_is_stopped_or_cancelled(tmp_path: Path) -> None:
    async with local_relay(None) as relay:
        bot = echo(tmp_path, relay)
        for end in (bot.stop, None):
            serving = asyncio.create_task(bot.serve())
            async with asyncio.timeout(10):
                while bot._life is None:  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(0.01)
            _ = end() if end else serving.cancel()
            await asyncio.wait([serving], timeout=10)
            assert serving.done()
            assert serving.cancelled() == (end is None)


async def test_one_bot_cannot_run_twice(tmp_path: Path) -> None:
    async with local_relay(None) as relay, echo(tmp_path, relay):
        with pytest.raises(StoreBusyError):
            async with echo(tmp_path, relay):
                pass


def address_by(*ports: int) -> str:
    relay, queue, key = Fingerprint(bytes(16)), QueueId(bytes(18)), bytes(32)
    lanes = (CodeLane(relay, f"http://127.0.0.1:{port}/q", queue, key) for port in ports)
    return Code(Kind.ADDRESS, bytes(16), None, bytes(32), tuple(lanes)).text


def relay_at(port: int) -> str:
    return f"http://127.0.0.1:{port}/q#AAAAAAAAAAAAAAAAAAAAAA"


@pytest.mark.parametrize(
    ("used", "named", "is_left_out"),
    [
        ([1], [1], False),
        ([1], [], False),
        ([1], [2], True),
        ([1], [1, 2], True),
        ([1, 2], [2], False),
        ([1, 2], [1, 2, 3], False),
        ([1, 2], [3, 4], True),
    ],
)
def test_relays_are_left_out_if_an_address_could_go_by_more_of_them(
    used: list[int], named: list[int], *, is_left_out: bool
) -> None:
    link = address_by(*used)
    old = [f"http://127.0.0.1:{port}/q" for port in used]
    found = left_out(link, [relay_at(port) for port in named])
    assert list(found) == (old if is_left_out else [])


def test_a_token_does_not_make_another_relay() -> None:
    assert left_out(address_by(1), [relay_at(1).replace("/q#", "/q/token#")]) == ()


def test_a_bot_that_does_not_run_has_no_link() -> None:
    with pytest.raises(RuntimeError, match="does not run"):
        Bot("echo").stop()


async def test_providers_are_opened_before_the_bot_listens_and_closed_at_its_end(
    tmp_path: Path,
) -> None:
    async with local_relay(None) as relay:
        bot, log = Bot("shop", home=tmp_path, relays=[relay]), list[str]()

        @bot.provide
        async def orders() -> AsyncIterator[Orders]:
            log.append("opened")
            yield Orders()
            log.append("closed")
            if len(log) > 2:
                raise OSError

        async with bot:
            assert log == ["opened"]
        assert log == ["opened", "closed"]
        with pytest.raises(ProviderError):
            async with bot:
                await bot.invitation()
