"""The benchmarks run, and the report says what they measured and on what."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

HERE: Final = Path(__file__).parent
NAMES: Final = sorted(path.stem for path in HERE.glob("[!_]*.py") if "test_" not in path.stem)


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.bench", *arguments]
    return subprocess.run(
        command, cwd=HERE.parent.parent, capture_output=True, text=True, check=False
    )


def test_an_unknown_benchmark_is_named() -> None:
    done = bench("speed")
    assert done.returncode == 2
    assert "no such benchmark: speed" in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_reports_figures(name: str, tmp_path: Path) -> None:
    report = tmp_path / "new" / "bench.json"
    done = bench("--quick", "--out", str(report), name)
    assert done.returncode == 0, done.stderr
    found = json.loads(report.read_text())
    assert found.keys() == {"machine", name}
    assert found["machine"]["cores"] >= 1
    assert found["machine"]["quick"] == "true"
    assert figures(found[name])
    assert all(figure >= 0 for figure in figures(found[name]))


def figures(tree: object) -> list[float]:
    if isinstance(tree, dict):
        return [figure for value in tree.values() for figure in figures(value)]
    return [tree] if isinstance(tree, int | float) else []
