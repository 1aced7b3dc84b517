import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from graphchat.cli import app
from graphchat_bots import Bot
from graphchat_bots.home import open_bot
from graphchat_bots.local_relay import local_relay
from graphchat_bots.place import Place

Run = Callable[..., subprocess.CompletedProcess[str]]

PROGRAM = [sys.executable, "-c", "from graphchat.cli import main; main()"]


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRAPHCHAT")}
    return {**kept, "GRAPHCHAT_HOME": str(home), "COLUMNS": "100", "NO_COLOR": "1"}


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run a command that starts nothing: in this process it does the same, much faster."""

    def call(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        with monkeypatch.context() as patch:
            patch.chdir(tmp_path)
            patch.setattr(sys, "path", sys.path.copy())
            for name in [name for name in os.environ if name.startswith("GRAPHCHAT")]:
                patch.delenv(name)
            for name, text in (environment(tmp_path / "home") | variables).items():
                patch.setenv(name, text)
            status = app.run(list(arguments))
        for name, module in list(sys.modules.items()):
            if (getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
                del sys.modules[name]  # of a bot that was loaded
        return subprocess.CompletedProcess(arguments, status, *capsys.readouterr())

    return call


@pytest.fixture
def ran(here: Run, tmp_path: Path) -> str:
    """Make the bot hello, and let it have run once; return its link."""
    here("bot", "new", "hello")

    async def once() -> str:
        async with local_relay(None) as relay:
            place = Place(tmp_path / "home", (relay,))
            async with open_bot(Bot("hello").plan(), place, None) as (port, store):
                link = (await port.invitation()).text
                await store.end()
        return link

    return asyncio.run(once())


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the program in a folder of its own."""

    def call(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PROGRAM, *arguments],
            cwd=tmp_path,
            env=environment(tmp_path / "home"),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return call
