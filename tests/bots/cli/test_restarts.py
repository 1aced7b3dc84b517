from pathlib import Path

import pytest
from watchfiles import Change

from graphchat_bots.cli.restarts import Changed


@pytest.mark.parametrize(
    ("path", "matters"),
    [
        ("hello.py", True),
        ("parts/words.py", True),
        ("bot.toml", True),
        ("bot.db-wal", False),
        ("notes.txt", False),
        (".venv/lib/hello.py", False),
        ("__pycache__/hello.cpython-311.pyc", False),
    ],
)
def test_code_and_settings_matter_and_nothing_else(
    tmp_path: Path, path: str, *, matters: bool
) -> None:
    assert Changed()(Change.modified, str(tmp_path / path)) is matters
