"""Each kind of new bot passes the tests that come with it, here without another process."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from graphchat_bots.cli.starters import STARTERS, Kind


@pytest.mark.parametrize("kind", Kind)
async def test_a_bot_passes_its_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    starter = STARTERS[kind]
    modules = {}
    for name, template in {"fresh": starter.bot, "test_fresh": starter.test}.items():
        module = modules[name] = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(template.substitute(name="fresh", module="fresh"), module.__dict__)
    assert modules["fresh"].bot.check() == []
    tests = [each for name, each in vars(modules["test_fresh"]).items() if name[:5] == "test_"]
    assert tests != []
    for number, test in enumerate(tests):
        folder = tmp_path / str(number)
        folder.mkdir()
        await test(folder)
