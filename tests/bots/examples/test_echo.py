import ast
import inspect
from pathlib import Path

from graphchat_bots.examples import echo


async def test_it_echoes(tmp_path: Path) -> None:
    async with echo.bot.testing(tmp_path) as world:
        assert await world.person("Ann").says("hello") == ["hello"]


def test_it_is_the_smallest_bot() -> None:
    body = ast.parse(inspect.getsource(echo)).body
    assert len(body) == 5  # a docstring, then import, bot, handler, start
