import subprocess
import sys
from pathlib import Path

import pytest
from tests.unmeasured import unmeasured

TEST = """
def test_level(bot_level: str) -> None:
    print("at", bot_level)
"""


@pytest.mark.parametrize(
    ("options", "levels"),
    [
        ([], ["at memory", "at relay"]),
        (["--bot-level", "relay"], ["at relay"]),
    ],
)
def test_the_command_line_names_the_levels(
    tmp_path: Path, options: list[str], levels: list[str]
) -> None:
    (tmp_path / "test_level.py").write_text(TEST)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", *options],
        cwd=tmp_path,
        env=unmeasured(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line.lstrip(".") for line in done.stdout.splitlines() if "at " in line] == levels
