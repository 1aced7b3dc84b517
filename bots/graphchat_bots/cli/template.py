"""The bot that ``graphchat bot new`` writes."""

import re
import sys
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

import asyncio
from pathlib import Path

from $module import bot


def test_it_says_again_what_it_is_told(tmp_path: Path) -> None:
    async def talk() -> None:
        async with bot.testing(tmp_path) as world:
            ann = world.person("Ann")
            assert await ann.says("hello") == ["hello"]
            assert await ann.says("/help") != []

    asyncio.run(talk())
''')

README: Final = Template("""# $name

A bot for graph-chat.

    python -m pytest                    # test it, without a network
    graphchat bot check $module.py      # say what is wrong with it
    graphchat bot run $module.py --relay URI

`URI` is the line that `graphchat relay serve` prints. The bot prints a link: whoever has it can
talk with the bot, for example with `graphchat connect LINK`.
""")


def create(name: str, where: Path) -> Path:
    """Write a bot, its test and its README into a new folder; return the file of the bot.

    Raises `TargetError` if ``name`` cannot be used, or the folder exists.
    """
    module = name.replace("-", "_")
    if not _NAME.fullmatch(name):
        raise TargetError(
            f"{name!r} is no name for a bot: a lower-case letter, then up to 39 letters,"
            " digits, - and _."
        )
    if module in sys.stdlib_module_names or module.startswith(("graphchat", "test")):
        raise TargetError(f"A file {module}.py would hide a module. Choose another name.")
    folder = where / name
    try:
        folder.mkdir()
    except FileExistsError:
        raise TargetError(f"{folder.name} exists already. Choose another name.") from None
    files = {f"{module}.py": BOT, f"test_{module}.py": TEST, "README.md": README}
    for file, template in files.items():
        (folder / file).write_text(template.substitute(name=name, module=module))
    return folder / f"{module}.py"
