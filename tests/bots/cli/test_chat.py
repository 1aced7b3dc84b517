import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from graphchat.errors import StateError
from graphchat_bots import Bot
from graphchat_bots.cli import chat, talk
from graphchat_bots.examples.demo import bot
from graphchat_bots.life import Life
from graphchat_bots.local_relay import local_relay
from graphchat_bots.place import Place
from graphchat_bots.setup import Setup


class Descriptor:
    """Standard input, as far as it is needed."""

    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return False


@asynccontextmanager
async def talking(folder: Path, with_bot: Bot, data: bytes) -> AsyncIterator[asyncio.Task[None]]:
    """Chat with a bot by a pipe that says ``data``."""
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    async with local_relay(None) as relay:
        place = Place(folder, (relay,))
        async with Life.begin(Setup(with_bot.plan(), with_bot.limits, place), None) as life:
            link = (await life.invitation()).text
            async with talk._guest(folder, relay, link) as (you, contact):
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(sys, "stdin", Descriptor(reading))
                    yield asyncio.create_task(chat.chat(you, contact))
    os.close(reading)


async def test_what_a_pipe_says_is_answered_before_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with talking(tmp_path, bot, b"one\n\n/remind 0s tea\ntwo") as task:
        await asyncio.wait_for(task, 60)
    out, err = capsys.readouterr()
    assert sorted(out.splitlines()) == [
        "demo: OK, in 0 seconds.",
        "demo: Reminder: tea",
        "demo: one",
        "demo: two",
    ]
    assert "Ctrl-D" not in err


async def test_long_lines_of_an_answer_stay_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "word " * 100 + "end"
    async with talking(tmp_path, bot, said.encode()) as task:
        await asyncio.wait_for(task, 60)
    assert capsys.readouterr().out == f"demo: {said}\n"


async def test_a_pipe_that_is_not_answered_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "SILENCE", 0.5)
    async with talking(tmp_path, Bot("mute"), b"hello\n") as task:
        with pytest.raises(StateError, match="has not answered"):
            await asyncio.wait_for(task, 60)


async def test_a_pipe_that_says_nothing_ends_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with talking(tmp_path, Bot("mute"), b"\n  \n") as task:
        await asyncio.wait_for(task, 60)
    assert capsys.readouterr() == ("", "")
