import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

PROGRAM = [sys.executable, "-c", "from graphchat.cli import main; main()"]


def environment(home: Path) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRAPHCHAT")}
    return {**kept, "GRAPHCHAT_HOME": str(home), "COLUMNS": "100", "NO_COLOR": "1"}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the program in a folder of its own."""

    def call(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PROGRAM, *arguments],
            cwd=tmp_path,
            env=environment(tmp_path / "home"),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return call
