import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from graphchat.errors import GraphchatError
from graphchat_bots.cli.target import load
from graphchat_bots.cli.template import create
from graphchat_bots.errors import TargetError

ONE = "from graphchat_bots import Bot\nshop = Bot('shop')\nagain = shop\n"
TWO = ONE + "bank = Bot('bank')\n"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    before, path = set(sys.modules), list(sys.path)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write(place: Path, name: str, text: str) -> str:
    (place / name).write_text(text)
    return name


def test_a_bot_is_found_in_a_file(place: Path) -> None:
    assert load(write(place, "shop.py", ONE)).name == "shop"
    assert load(str(create("hello", place))).name == "hello"


def test_a_bot_is_found_by_its_name(place: Path) -> None:
    write(place, "both.py", TWO)
    assert load("both.py:bank").name == "bank"
    assert load("both:bank").name == "bank"


def test_a_file_that_runs_its_bot_is_only_read(place: Path) -> None:
    assert load(write(place, "shop.py", ONE + "shop.run()\n")).name == "shop"


def test_a_bot_finds_its_neighbours(place: Path) -> None:
    (place / "folder").mkdir()
    write(place, "folder/words.py", "NAME = 'neighbour'\n")
    text = "from words import NAME\nfrom graphchat_bots import Bot\nbot = Bot(NAME)\n"
    assert load(write(place, "folder/main.py", text)).name == "neighbour"


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("none.py", "There is no file none.py. Begin a bot with: graphchat bot new NAME"),
        ("no.such.module:bot", "There is no module no"),
        ("folder", "folder is a folder. Name the file of the bot in it, such as folder/shop.py."),
        ("empty.py", 'There is no bot in empty.py. Make one: bot = Bot("name")'),
        ("two.py", "There are several bots in two.py. Choose one of: two.py:shop, two.py:again"),
        ("two.py:shoe", "two.py has no bot named shoe. Choose one of: two.py:shop"),
        ("broken.py", "broken.py:2: cannot be loaded: ZeroDivisionError: division by zero"),
        ("leaves.py", "leaves.py:3: cannot be loaded: it ends the program. Put what does so"),
        ("leaves:bot", "leaves cannot be loaded: it ends the program."),
        ("broken:bot", "broken cannot be loaded: ZeroDivisionError"),
        ("lost:bot", "lost cannot be loaded: ModuleNotFoundError: No module named 'nowhere'"),
        ("syntax.py", "syntax.py cannot be loaded: SyntaxError"),
    ],
)
def test_what_is_no_bot_is_said_in_one_sentence(place: Path, target: str, sentence: str) -> None:
    (place / "folder").mkdir()
    write(place, "empty.py", "x = 1\n")
    write(place, "two.py", TWO)
    write(place, "broken.py", "import sys\n1 / 0\n")
    write(place, "leaves.py", "import sys\n\nsys.exit(3)\n")
    write(place, "lost.py", "import nowhere\n")
    write(place, "syntax.py", "def\n")
    with pytest.raises(TargetError) as caught:
        load(target)
    assert str(caught.value).startswith(sentence)


def test_an_error_of_ours_stays_what_it_is(place: Path) -> None:
    text = "from graphchat.errors import StateError\nraise StateError('not now')\n"
    with pytest.raises(GraphchatError, match="not now"):
        load(write(place, "own.py", text))
