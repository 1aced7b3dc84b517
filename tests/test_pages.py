"""The pages about bots are true: what they show runs, and what they promise is tested."""

import inspect
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from graphchat_bots import Bot

ROOT: Final = Path(__file__).parent.parent
FOLDER: Final = ROOT / "docs" / "bots"
BLOCK: Final = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
BOT: Final = re.compile(r'^bot = Bot\("(\w+)"', re.MULTILINE)


def blocks(page: Path) -> list[str]:
    return BLOCK.findall(page.read_text())


def is_test(block: str) -> bool:
    return "async def test_" in block


PAGES: Final = [page for page in sorted(FOLDER.glob("*.md")) if any(map(is_test, blocks(page)))]


def run(name: str, code: list[str], patch: pytest.MonkeyPatch) -> ModuleType:
    """Run code as a module that others can import."""
    module = ModuleType(name)
    patch.setitem(sys.modules, name, module)
    exec(compile("\n".join(code), f"{name}.py", "exec"), module.__dict__)
    return module


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
async def test_the_examples_of_a_page_pass_its_tests(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = blocks(page)
    (name,) = BOT.findall("\n".join(shown))
    code = [block for block in shown if not is_test(block)]
    module = run(name, code, monkeypatch)
    assert isinstance(module.bot, Bot)
    assert module.bot.check() == []
    tests = vars(run(f"test_{name}", [*code, *filter(is_test, shown)], monkeypatch))
    found = [value for key, value in tests.items() if key.startswith("test_")]
    for number, test in enumerate(found):
        folder = tmp_path / str(number)
        folder.mkdir()
        fixtures = {"tmp_path": folder, "monkeypatch": monkeypatch, "bot_level": "memory"}
        await test(**{key: fixtures[key] for key in inspect.signature(test).parameters})
    assert len(found) >= 1


def test_every_page_is_in_the_list() -> None:
    listed = set(re.findall(r"\]\(([\w-]+\.md)\)", (FOLDER / "README.md").read_text()))
    assert listed == {page.name for page in FOLDER.glob("*.md")} - {"README.md"}


def test_headings_that_are_linked_to_are_there() -> None:
    for page in FOLDER.glob("*.md"):
        for file, anchor in re.findall(r"\]\(([\w-]*(?:\.md)?)#([\w-]+)\)", page.read_text()):
            target = (FOLDER / file if file else page).read_text()
            titles = re.findall(r"^#+ (.*)$", target, re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
            assert anchor in slugs, (page.name, file, anchor)


def test_the_tests_that_the_promises_name_are_there() -> None:
    text = (FOLDER / "promises.md").read_text()
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", text)
    assert len(named) >= 20
    for file, name in named:
        found = (ROOT / "tests" / "bots" / file).read_text()
        assert re.search(rf"^(async def|def) {name}\b", found, re.MULTILINE), (file, name)


def test_behind_each_row_of_the_promises_a_test_is_named() -> None:
    table = (FOLDER / "promises.md").read_text().partition("| shown by |")[2]
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    assert len(rows) == 14
    assert [row for row in rows if ".py::" not in row] == []
