import subprocess
import sys
from pathlib import Path

import pytest
import typer

from graphchat_bots import Bot, Message, Router
from graphchat_bots.errors import BotFaultsError


async def test_the_smallest_bot_echoes(tmp_path: Path) -> None:
    bot = Bot("echo")

    @bot.message()
    async def echo(msg: Message) -> str:
        return msg.text

    async with bot.testing(tmp_path) as world:
        assert await world.person("Ann").says("hello") == ["hello"]


def test_a_bot_in_order_has_no_faults() -> None:
    assert Bot("shop").check() == []


def test_a_bot_with_faults_does_not_start(tmp_path: Path) -> None:
    bot = Bot("shop")

    @bot.message()
    async def bad(msg: Message, n: int) -> str:
        return ""

    with pytest.raises(BotFaultsError, match="nothing provides int"):
        bot.testing(tmp_path)


async def test_routers_are_part_of_the_bot(tmp_path: Path) -> None:
    bot, router = Bot("shop"), Router()

    @router.command()
    async def ping() -> str:
        return "pong"

    bot.include(router)
    async with bot.testing(tmp_path) as world:
        assert await world.person("Ann").says("/ping") == ["pong"]


def _interrupted() -> typer.Abort:
    abort = typer.Abort()
    abort.__context__ = KeyboardInterrupt()  # as the prompt leaves it
    return abort


@pytest.mark.parametrize(
    ("error", "status"),
    [(KeyboardInterrupt(), 130), (_interrupted(), 130), (PermissionError(13, "no", "/x"), 1)],
)
def test_a_program_that_cannot_start_ends_with_a_status_and_no_traceback(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    status: int,
) -> None:
    def ask(path: Path) -> str:
        raise error

    monkeypatch.setattr("graphchat.cli.passphrase.get", ask)
    with pytest.raises(SystemExit) as ended:
        Bot("echo", home=tmp_path).run()
    assert ended.value.code == status
    assert len(capsys.readouterr().err.splitlines()) <= 1


HEAVY = (
    "aiohttp",
    "babel",
    "cryptography",
    "dishka",
    "gettext",
    "nacl",
    "pydantic",
    "rich",
    "sqlcipher3",
    "structlog",
    "tortoise",
    "typer",
)


def test_a_bot_is_made_before_anything_heavy_is_loaded() -> None:
    script = (
        "import sys\n"
        "from graphchat_bots import Bot, Ctx, Message, Reply, Rest, Router, UserError\n"
        "bot = Bot('echo')\n"
        "assert bot.check() == []\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
