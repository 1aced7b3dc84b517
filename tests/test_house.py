"""The house is in order: locks, versions, imports of each part, words, and the documents."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from io import StringIO
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import graphchat
from graphchat.cli.app import run

ROOT: Final = Path(__file__).parent.parent
LOCKS: Final = ("requirements.lock", "requirements-demo.lock", "requirements-fuzz.lock")
DOCUMENTS: Final = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)
# What a part needs to run: the extras that `make demo` and a stranger install.
EXTRAS: Final = {
    "sdk/graphchat": ("tui",),  # for one command only
    "relay/graphchat_relay": ("relay", "postgres"),  # the latter for one kind of store only
    "bots/graphchat_bots": ("bots", "relay"),  # the demo runs a relay too
    "bridges/graphchat_bridges": ("bots",),
}


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def requirements(*extras: str) -> Iterator[Requirement]:
    """Yield what the project with these extras asks for directly."""
    table = project()["project"]
    texts = list(table["dependencies"])
    for extra in extras:
        texts += table["optional-dependencies"][extra]
    for text in texts:
        requirement = Requirement(text)
        if requirement.name == "graphchat":
            yield from requirements(*requirement.extras)
        else:
            yield requirement


def pins(lock: str) -> dict[str, str]:
    """Return the versions that a lock file names, by canonical name."""
    return {name: pinned for name, _, pinned in pinned_lines(lock)}


def pinned_lines(lock: str) -> list[tuple[str, str, str]]:
    """Return the name, the extras and the version of each line of a lock file."""
    line = re.compile(r"^([a-z0-9-]+)(?:\[([a-z0-9,_-]+)\])?==([^ ]+)", re.MULTILINE)
    return line.findall((ROOT / lock).read_text())


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_place_to_fetch_from(lock: str) -> None:
    lines = (ROOT / lock).read_text().splitlines()
    bad = re.compile(r"://|(^|[\s=])[~/]|\s@\s|^\s*-(?!-hash=sha256:)")
    assert [line for line in lines if bad.search(line)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes(lock: str) -> None:
    blocks = re.split(r"^(?=[a-z0-9])", (ROOT / lock).read_text(), flags=re.MULTILINE)[1:]
    assert len(blocks) >= len(pins(lock)) > 0
    assert [block for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize(
    ("lock", "extras"),
    [("requirements.lock", ("dev",)), ("requirements-demo.lock", ("relay", "bots"))],
)
def test_a_lock_holds_what_the_project_asks_for(lock: str, extras: tuple[str, ...]) -> None:
    build = map(Requirement, project()["build-system"]["requires"])
    have = pins(lock)
    lacking = [
        str(wanted)
        for wanted in [*requirements(*extras), *build]
        if not wanted.specifier.contains(have.get(canonicalize_name(wanted.name), "0"))
    ]
    assert lacking == [], "run `make lock`"


@pytest.mark.parametrize("lock", LOCKS[:2])
def test_a_lock_names_the_extras_that_are_asked_for(lock: str) -> None:
    """The pip of Debian takes the newest version of ``a[b]`` when a lock pins only ``a``."""
    locked = {name: set(extras.split(",")) for name, extras, _ in pinned_lines(lock)}
    lacking = set()
    for name in locked:
        with suppress(PackageNotFoundError):  # for another platform
            for text in requires(name) or []:
                wanted = Requirement(text)
                if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
                    missing = wanted.extras - locked.get(canonicalize_name(wanted.name), set())
                    lacking |= {f"{wanted.name}[{extra}]" for extra in missing}
    assert lacking == set(), "run `make lock`"


def test_the_demo_runs_with_the_versions_that_were_tested() -> None:
    assert pins("requirements-demo.lock").items() <= pins("requirements.lock").items()


def test_the_version_stands_in_one_place() -> None:
    assert version("graphchat") == graphchat.__version__, "run `make install`"
    own = ROOT / "sdk/graphchat/__init__.py"
    literal = re.compile(rf"""["']{re.escape(graphchat.__version__)}["']""")
    sources = (path for part in EXTRAS for path in (ROOT / part).rglob("*.py"))
    assert [path for path in sources if literal.search(path.read_text())] == [own]


@cache
def installed_by(*extras: str) -> frozenset[str]:
    return frozenset(canonicalize_name(wanted.name) for wanted in requirements(*extras))


def imported(path: Path) -> Iterator[str]:
    """Yield the top-level modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                yield from (alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(module=str(module)):
                yield module.partition(".")[0]
            case _:
                pass


@pytest.mark.parametrize("part", EXTRAS)
def test_a_part_imports_only_what_its_extra_installs(part: str) -> None:
    providers = packages_distributions()
    own = {Path(folder).name for folder in EXTRAS}  # import-linter judges these
    allowed = installed_by(*EXTRAS[part])
    strangers = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in (ROOT / part).rglob("*.py")
        if "testing" not in path.parts  # a pytest plugin needs pytest, and whoever loads it has it
        for module in imported(path)
        if module not in sys.stdlib_module_names | own
        if allowed.isdisjoint(map(canonicalize_name, providers.get(module, [])))
    }
    assert strangers == set()


def commands(document: Path) -> Iterator[list[str]]:
    """Yield the words of each `graphchat` or `make` command that a document shows."""
    text = document.read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    shown = [line for block in blocks for line in block.splitlines()]
    shown += re.findall(r"`((?:graphchat|make) [^`\n]+)`", text)
    for line in shown:
        words = line.partition("  #")[0].split()
        if words and words[0] in {"graphchat", "make"}:
            yield words


@cache
def help_of(*words: str) -> str:
    """Return what a `graphchat` command says of itself; empty if there is no such command."""
    shown = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(shown):
        for name, text in {"COLUMNS": "300", "TERM": "dumb", "NO_COLOR": "1"}.items():
            patch.setenv(name, text)
        status = run([*words, "--help"])
    return shown.getvalue() if status == 0 else ""


def exists(words: list[str]) -> bool:
    """Tell whether the program has the sub-commands and options of a line."""
    if words[0] == "make":
        return (
            re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE) is not None
        )
    if words[1:2] == ["--home"]:
        return "--home" in help_of() and exists([words[0], *words[3:]])
    path = list(takewhile(re.compile(r"[a-z][a-z-]*").fullmatch, words[1:]))
    text = help_of(*path)
    options = [word for word in words if word.startswith("--")]
    return all(re.search(rf"{re.escape(option)}\b", text) for option in [*options, "Usage"])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_in_the_documents_exist(document: Path) -> None:
    assert [words for words in commands(document) if not exists(words)] == []


def test_python_in_the_documents_is_python_and_imports_what_exists() -> None:
    blocks = [
        block
        for document in DOCUMENTS
        for block in re.findall(
            r"^```python\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL
        )
    ]
    assert len(blocks) >= 2
    for block in blocks:
        compile(block, "block", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        for line in re.findall(r"^from graphchat.* import .*$", block, re.MULTILINE):
            exec(line, {})


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_in_the_documents_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_behind_each_cannot_of_the_threats_a_test_is_named() -> None:
    promised, without = False, []
    for line in (ROOT / "docs/threats.md").read_text().splitlines():
        if line.startswith(("#", "**")):
            promised = line.startswith("**Cannot")
        elif promised and line.startswith("- ") and ".py::" not in line:
            without.append(line[:80])
    assert without == []


def test_the_tests_that_the_threats_name_are_there() -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", (ROOT / "docs/threats.md").read_text())
    assert len(named) >= 20
    for file, name in named:
        found = (ROOT / "tests" / file).read_text()
        assert re.search(rf"^(async def|def|class) {name}\b", found, re.MULTILINE), (file, name)


def test_make_alone_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    shown = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("demo", "test", "check", "test-slow", "fuzz", "bench", "lock", "clean"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
        assert f"make {target} " in shown.stdout


def test_the_relay_speaks_of_queues_only() -> None:
    word = re.compile(r"\b(users?|accounts?|log-?ins?|IP address(es)?)\b", re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in (ROOT / "relay").rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if word.search(line)
    ]
    assert found == []


def test_no_file_names_a_place_of_one_machine() -> None:
    place = re.compile(r"(?<![\w.~-])/(root|home|work|opt)/\w")
    suffixes = {".py", ".md", ".toml", ".yaml", ".lock", ".json", ""}
    folders = ("sdk", "relay", "bots", "bridges", "tests", "docs", ".ci")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    files += [path for path in ROOT.iterdir() if not path.name.startswith(".")]
    texts = (path for path in files if path.is_file() and path.suffix in suffixes)
    assert [str(path) for path in texts if place.search(path.read_text(errors="ignore"))] == []


def test_the_licence_is_apache() -> None:
    assert project()["project"]["license"] == "Apache-2.0"
    assert "Apache License\n" in (ROOT / "LICENSE").read_text()
