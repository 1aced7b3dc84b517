import ast
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest
from tests.unmeasured import unmeasured

from graphchat_bots.cli.starters import Kind
from graphchat_bots.cli.template import create
from graphchat_bots.errors import TargetError
from graphchat_bots.limits import Limits
from graphchat_bots.settings import Table, read

# One for all kinds: to judge the library itself takes a minute.
CACHE = str(Path(tempfile.gettempdir()) / "graphchat-mypy-of-new-bots")
DOCUMENT = Path(__file__).parents[3] / "docs" / "bots" / "README.md"


def passes(folder: Path, count: int) -> None:
    """Run the tests in a folder as its README says, with every warning as an error."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=folder,
        env=unmeasured(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{count} passed in" in done.stdout
    assert "warning" not in (done.stdout + done.stderr).lower()


@pytest.mark.slow
@pytest.mark.parametrize("kind", Kind)
def test_what_was_written_passes_its_own_tests(tmp_path: Path, kind: Kind) -> None:
    name = "my-bot"
    file = create(name, tmp_path, kind)
    assert file == tmp_path / name / f"{name.replace('-', '_')}.py"
    tests = (file.parent / f"test_{file.stem}.py").read_text()
    passes(file.parent, tests.count("async def test_"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", Kind)
def test_what_was_written_is_formatted_and_typed(tmp_path: Path, kind: Kind) -> None:
    folder = create("my-bot", tmp_path, kind).parent
    for tool in (
        ["ruff", "format", "--check", "--isolated", "."],
        ["ruff", "check", "--isolated", "."],
        ["mypy", "--strict", "--cache-dir", CACHE, "my_bot.py", "test_my_bot.py"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *tool],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_documented_examples_pass_the_documented_test(tmp_path: Path) -> None:
    text = DOCUMENT.read_text()
    first, *more, test = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    handlers, start = first.split("if __name__")
    file = create("hello", tmp_path)
    file.write_text("\n".join((handlers, *more, f"if __name__{start}")))
    (file.parent / "test_page.py").write_text(test)
    passes(file.parent, 2)


def test_a_project_names_what_it_needs(tmp_path: Path) -> None:
    folder = create("my-bot", tmp_path).parent
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    assert project["project"]["name"] == "my-bot"
    assert project["project"]["dependencies"] == ["graphchat[bots]"]
    assert project["project"]["optional-dependencies"]["test"] == ["pytest", "pytest-asyncio"]
    for page in (folder / "README.md", DOCUMENT.with_name("testing.md")):
        assert "pip install pytest pytest-asyncio" in page.read_text()


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


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("class", "class is a word of Python. Choose another name."),
        ("json", "A file json.py would hide a module. Choose another name."),
        ("pytest", "A file pytest.py would hide a module. Choose another name."),
        ("conftest", "A file conftest.py would hide a module. Choose another name."),
        ("pytest-asyncio", "A file pytest_asyncio.py would hide a module. Choose another name."),
    ],
)
def test_a_name_that_means_something_else_is_refused(
    tmp_path: Path, name: str, sentence: str
) -> None:
    with pytest.raises(TargetError) as caught:
        create(name, tmp_path)
    assert str(caught.value) == sentence
    assert list(tmp_path.iterdir()) == []


def test_a_neighbour_with_the_same_name_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "greeter.py").touch()
    assert create("greeter", tmp_path).is_file()


def test_an_image_has_the_bot_and_little_else(tmp_path: Path) -> None:
    folder = create("my-bot", tmp_path).parent
    lines = (folder / "Dockerfile").read_text().splitlines()
    assert "ARG BASE_IMAGE=python:3.12-slim" in lines
    assert [line for line in lines if line.startswith("FROM")] == [
        "FROM ${BASE_IMAGE} AS build",
        "FROM ${BASE_IMAGE}",
    ]
    assert "USER 10001" in lines
    assert lines[-1] == 'CMD ["graphchat", "bot", "run", "my_bot.py"]'
    copied = {word for line in lines if line.startswith("COPY") for word in line.split()[1:-1]}
    allowed = (folder / ".dockerignore").read_text().replace("!", "").split()
    assert copied - {"--from=build", "/app"} <= set(allowed) - {"*"}


def test_an_image_is_judged_by_its_own_health(tmp_path: Path) -> None:
    text = (create("my-bot", tmp_path).parent / "Dockerfile").read_text()
    (check,) = re.findall(r"HEALTHCHECK .* CMD (\[.*?\])\n", text.replace("\\\n", ""))
    assert "ENV GRAPHCHAT_BOT_HEALTH=127.0.0.1:9464\n" in text
    python, option, code = json.loads(check)
    assert (python, option) == ("python", "-c")
    assert "http://127.0.0.1:9464/livez" in code
    compile(code, "health", "exec")


def test_every_setting_that_is_shown_is_one(tmp_path: Path) -> None:
    path = create("my-bot", tmp_path).parent / "bot.toml"
    assert read("my-bot", [path.parent]) == Table()
    shown = re.sub(r"^# (?=\[|\w+ = )", "", path.read_text(), flags=re.MULTILINE)
    path.write_text(shown)
    table = read("my-bot", [path.parent])
    assert all(getattr(table, name) is not None for name in Table.__struct_fields__)
    assert table.limits is not None
    assert table.limits.limits() == Limits()  # those of today are shown


def test_nothing_is_left_to_fill_in_but_the_relays(tmp_path: Path) -> None:
    folder = create("my-bot", tmp_path).parent
    for path in folder.iterdir():
        assert "$name" not in path.read_text()
        assert "$module" not in path.read_text()
    names = {path.name for path in folder.iterdir()}
    assert names >= {"Dockerfile", ".dockerignore", ".gitignore", "values.yaml", "README.md"}
