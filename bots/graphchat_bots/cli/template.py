"""The bot that ``graphchat bot new`` writes."""

import re
import sys
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path
from string import Template
from typing import Final

from graphchat_bots.errors import TargetError

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")

BOT: Final = Template('''"""The bot $name: it says again what it is told."""

from graphchat_bots import Bot, Message

bot = Bot("$name")


@bot.message()
async def echo(msg: Message) -> str:
    return msg.text


if __name__ == "__main__":
    bot.run()
''')

TEST: Final = Template('''"""Tests of $name: without a network, in milliseconds."""

from pathlib import Path

from $module import bot


async def test_it_says_again_what_it_is_told(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("hello") == ["hello"]
        assert await ann.says("/help") != []
''')

PROJECT: Final = Template("""[project]
name = "$name"
version = "0.0.1"
requires-python = ">=3.11"
dependencies = ["graphchat[bots]"]

[project.optional-dependencies]
test = ["pytest", "pytest-asyncio"]

[tool.setuptools]
py-modules = ["$module"]

[tool.pytest.ini_options]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
""")

README: Final = Template("""# $name

A bot for graphchat.

    pip install pytest pytest-asyncio   # once
    python -m pytest                    # test it, without a network
    graphchat bot check $module.py      # say what is wrong with it
    graphchat bot run $module.py --relay URI

`URI` is the line that `graphchat relay serve` prints. The bot prints a link: whoever has it can
talk with the bot, for example with `graphchat connect LINK`.
""")


def create(name: str, where: Path) -> Path:
    """Write a bot, its test, its settings and its README; return the file of the bot.

    Raises `TargetError` if ``name`` cannot be used, or the folder exists.
    """
    module = name.replace("-", "_")
    if not _NAME.fullmatch(name):
        raise TargetError(
            f"{name!r} is no name for a bot: a lower-case letter, then up to 39 letters,"
            " digits, - and _."
        )
    if iskeyword(module):
        raise TargetError(f"{module} is a word of Python. Choose another name.")
    if _is_taken(module, where):
        raise TargetError(f"A file {module}.py would hide a module. Choose another name.")
    folder = where / name
    try:
        folder.mkdir()
    except FileExistsError:
        raise TargetError(f"{folder.name} exists already. Choose another name.") from None
    files = {
        f"{module}.py": BOT,
        f"test_{module}.py": TEST,
        "pyproject.toml": PROJECT,
        "README.md": README,
    }
    for file, template in files.items():
        (folder / file).write_text(template.substitute(name=name, module=module))
    return folder / f"{module}.py"


def _is_taken(module: str, where: Path) -> bool:
    if module in sys.stdlib_module_names or module.startswith(("conftest", "graphchat", "test")):
        return True
    spec = find_spec(module)
    if spec is None or spec.origin is None:  # a folder that happens to have this name
        return False
    # What lies in this folder is no library; the bot goes into one of its own.
    return where.resolve() not in Path(spec.origin).resolve().parents[:2]
