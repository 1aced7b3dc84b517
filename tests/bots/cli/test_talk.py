import asyncio
from pathlib import Path

import pytest

from graphchat.errors import StateError
from graphchat_bots import Bot
from graphchat_bots.cli import talk


async def test_everything_that_the_bot_answers_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await asyncio.wait_for(talk.run(tmp_path, "/remind 0s tea", chat=True), 60)
    out, err = capsys.readouterr()
    assert out == "OK, in 0 seconds.\nReminder: tea\n"
    assert "The link of the bot: GRAPHCHAT:ADDRESS/" in err


async def test_a_picture_is_described(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await talk.run(tmp_path, "/picture", chat=True)
    assert capsys.readouterr().out == "[picture, 320 x 200 pixels] Drawn for you just now.\n"


async def test_a_bot_that_says_nothing_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talk, "bot", Bot("mute"))
    monkeypatch.setattr(talk, "PATIENCE", 1.0)
    with pytest.raises((StateError, ExceptionGroup)):
        await talk.run(tmp_path, "hello", chat=True)
