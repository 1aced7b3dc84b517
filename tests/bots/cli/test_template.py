import ast
import subprocess
import sys
from pathlib import Path

import pytest

from graphchat_bots.cli.template import create
from graphchat_bots.errors import TargetError


def test_what_was_written_passes_its_own_test(tmp_path: Path) -> None:
    name = "my-bot"
    file = create(name, tmp_path)
    assert file == tmp_path / name / f"{name.replace('-', '_')}.py"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],  # as it says
        cwd=tmp_path / name,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_a_bot_is_four_statements_and_a_start(tmp_path: Path) -> None:
    tree = ast.parse(create("hello", tmp_path).read_text())
    assert len(tree.body) == 5  # docstring, import, bot, handler, start


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    create("hello", tmp_path)
    with pytest.raises(TargetError, match="hello exists already"):
        create("hello", tmp_path)


@pytest.mark.parametrize(
    "name", ["", "Hello", "../x", "a b", "1st", "json", "graphchat", "test", "x" * 41]
)
def test_a_name_that_would_do_harm_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(TargetError):
        create(name, tmp_path)
    assert list(tmp_path.iterdir()) == []
