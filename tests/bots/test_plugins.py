"""Plugins of a distribution that is made here and installed as any other is."""

import sys
from pathlib import Path

import pytest

from graphchat_bots import Bot
from graphchat_bots.testing.world import Level

MODULE = """
from graphchat_bots import Router

router = Router()
number = 3


@router.command()
async def ping() -> str:
    return "pong"


def greeting(bot):
    @bot.contact()
    async def greet() -> str:
        return f"Welcome to {bot.name}."
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a distribution with plugins; return the folder that it lies in."""
    folder = tmp_path / "site"
    info = folder / "fake_plugins-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-plugins\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[graphchat_bots.plugins]\n"
        "ping = fake_plugin:router\n"
        "greeting = fake_plugin:greeting\n"
        "number = fake_plugin:number\n"
        "broken = fake_plugin_that_is_not_there:router\n"
    )
    (folder / "fake_plugin.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "fake_plugin", raising=False)
    return folder


async def test_a_bot_has_the_handlers_of_the_plugins_that_it_uses(
    tmp_path: Path, installed: Path, bot_level: Level
) -> None:
    bot = Bot("shop")
    bot.use("ping", "greeting")
    assert bot.check() == bot.check() == []  # a second look takes nothing in twice
    async with bot.testing(tmp_path, bot_level) as world:
        ann = world.person("Ann")
        assert await ann.joins() == ["Welcome to shop."]
        assert await ann.says("/ping") == ["pong"]


def test_nothing_is_loaded_that_the_bot_did_not_name(installed: Path) -> None:
    assert Bot("shop").check() == []
    assert "fake_plugin" not in sys.modules


def test_settings_name_plugins_too(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bot.toml").write_text('[shop]\nplugins = ["ping"]\n')
    monkeypatch.setenv("GRAPHCHAT_HOME", str(tmp_path))
    assert [command.name for command in Bot("shop").plan().commands] == ["ping"]


def test_plugins_that_cannot_be_used_are_faults_of_the_bot(installed: Path) -> None:
    bot = Bot("shop")
    bot.use("missing", "number", "broken")
    missing, number, broken = bot.check()
    assert missing == "plugin missing: nothing that is installed brings it"
    assert (
        number
        == "plugin number: fake_plugin:number is no Router, and no function that takes the bot"
    )
    assert broken.startswith(
        "plugin broken: fake_plugin_that_is_not_there:router cannot be loaded"
    )


def test_two_plugins_of_one_name_are_a_fault(installed: Path) -> None:
    other = installed / "other-1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (other / "entry_points.txt").write_text("[graphchat_bots.plugins]\nping = x:y\n")
    bot = Bot("shop")
    bot.use("ping")
    assert bot.check() == ["plugin ping: fake-plugins and other both bring it; remove one"]
