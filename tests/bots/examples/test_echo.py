import ast
import inspect
import re
from pathlib import Path

from graphchat_bots.examples import echo


async def test_it_echoes(tmp_path: Path) -> None:
    async with echo.bot.testing(tmp_path) as world:
        assert await world.person("Ann").says("hello") == ["hello"]


def test_it_is_the_smallest_bot() -> None:
    body = ast.parse(inspect.getsource(echo)).body
    assert len(body) == 5  # a docstring, then import, bot, handler, start


def test_the_readme_shows_a_bot_of_ten_lines() -> None:
    text = (Path(__file__).parents[3] / "README.md").read_text()
    (block,) = re.findall(r"(?ms)^```python\n(from graphchat_bots .*?)^```", text)
    assert "Bots in ten lines" in text
    assert len(block.splitlines()) == 10
