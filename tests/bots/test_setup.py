from datetime import timedelta
from pathlib import Path

import pytest

from graphchat_bots import Bot
from graphchat_bots.errors import SettingsError
from graphchat_bots.limits import Limits

TOML = """
[shop]
relays = ["from-file"]
home = "{home}"
health = "127.0.0.1:1"

[shop.limits]
tries = 5
drain = 2.5
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home that the environment names, with settings in it."""
    (tmp_path / "bot.toml").write_text(TOML.format(home=tmp_path / "elsewhere"))
    monkeypatch.setenv("GRAPHCHAT_HOME", str(tmp_path))
    monkeypatch.setenv("GRAPHCHAT_RELAYS", "from-environment")
    monkeypatch.setenv("GRAPHCHAT_BOT_HEALTH", "127.0.0.1:2")
    return tmp_path


def test_the_file_wins_over_the_environment(home: Path) -> None:
    setup = Bot("shop").setup()
    assert setup.place.relays == ("from-file",)
    assert setup.place.home == home / "elsewhere"
    assert setup.health == "127.0.0.1:1"
    assert setup.limits == Limits(tries=5, drain=timedelta(seconds=2.5))


def test_arguments_win_over_the_file(home: Path) -> None:
    bot = Bot("shop", relays=["own"], home=home, limits=Limits(tries=1), health="127.0.0.1:3")
    setup = bot.setup(relays=["typed"])
    assert setup.place.relays == ("own",)
    assert setup.place.home == home
    assert (setup.limits.tries, setup.health) == (1, "127.0.0.1:3")
    typed = Bot("shop").setup(home=home / "typed", relays=["typed"])
    assert (typed.place.home, typed.place.relays) == (home / "typed", ("typed",))


def test_what_the_file_does_not_say_is_left_to_the_environment(home: Path) -> None:
    setup = Bot("another").setup(home=home)
    assert setup.place.relays == ("from-environment",)
    assert setup.place.home == home
    assert setup.health == "127.0.0.1:2"


def test_a_file_beside_the_bot_comes_before_that_of_its_home(home: Path, tmp_path: Path) -> None:
    beside = tmp_path / "project"
    beside.mkdir()
    (beside / "bot.toml").write_text('[shop]\nrelays = ["beside"]\n')
    (beside / "shop.py").write_text("from graphchat_bots import Bot\nbot = Bot('shop')\n")
    names: dict[str, object] = {}
    exec(compile((beside / "shop.py").read_text(), beside / "shop.py", "exec"), names)
    bot = names["bot"]
    assert isinstance(bot, Bot)
    assert bot.setup().place.relays == ("beside",)
    assert bot.setup().health == "127.0.0.1:2"  # of one file, not of both


def test_a_wrong_file_stops_the_start(home: Path) -> None:
    (home / "bot.toml").write_text("[shop]\nrelais = []\n")
    with pytest.raises(SettingsError, match="relais"):
        Bot("shop").setup()
