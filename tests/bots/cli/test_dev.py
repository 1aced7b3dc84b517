import asyncio
import os
import signal
import subprocess
from pathlib import Path

import pytest
from tests.bots.cli.conftest import PROGRAM, Run, environment
from tests.bots.talking import Talker

from graphchat_bots.local_relay import local_relay

BOT = """
import os

import msgspec

from graphchat_bots import Bot, Message

bot = Bot("hello")

@bot.state
class Count(msgspec.Struct):
    n: int = 0

@bot.message()
async def answer(msg: Message, count: Count) -> str:
    count.n += 1
    return f"first {count.n} {os.getpid()}"
"""


async def said(process: subprocess.Popen[str], words: str) -> None:
    """Wait until the program has said something."""
    assert process.stderr is not None
    while words not in (line := await asyncio.to_thread(process.stderr.readline)):
        assert line, f"never said: {words}"


async def test_a_bot_starts_again_when_its_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "hello.py"
    file.write_text(BOT)
    async with local_relay(None) as relay:
        with subprocess.Popen(  # noqa: ASYNC220 - it starts quickly
            [*PROGRAM, "bot", "dev", "hello.py", "--relay", relay],
            cwd=tmp_path,
            env=environment(tmp_path / "home"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            talker = await Talker.begin(process, tmp_path, relay)
            word, count, first = (await talker.asks("hi")).split()
            assert (word, count) == ("first", "1")
            file.write_text(BOT + "\n@bot.command()\nasync def a(x: bytes) -> None: ...\n")
            await said(process, "hello.py changed: starting again.")
            await said(process, "command a: parameter 'x': words cannot become bytes")
            await said(process, "It has ended. The next change of a file starts it again")
            await talker.contact.post("between")
            file.write_text(BOT.replace("first", "second"))
            await said(process, "hello runs.")
            word, count, second = (await talker.hears(2))[1].split()
            assert (word, count) == ("second", "2")
            process.send_signal(signal.SIGINT)
            out, _ = await talker.communicate()
            await talker.end()
    assert process.returncode == 0
    assert out == ""  # the link was printed once, and read above
    for pid in (first, second):
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


def test_two_wishes_for_a_relay_are_wrong_usage(here: Run, tmp_path: Path) -> None:
    done = here("bot", "dev", "hello.py", "--with-relay", "--relay", "x")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert not (tmp_path / "home").exists()
