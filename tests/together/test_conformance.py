"""A relay does what ``docs/openapi.json`` says: schemathesis tries it over a real socket.

Its requests are signed with real keys, for real queues: see ``conformance/hooks.py``.
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from tests.together.processes import RelayProcess, environment

ROOT: Final = Path(__file__).parents[2]
CONFIG: Final = Path(__file__).with_name("conformance") / "schemathesis.toml"
PROGRAM: Final = (sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG))
# Whether a relay is private decides how a queue is made; the other way is a 401 only.
OTHER: Final = {"public": "createQueueByToken", "private": "createQueue"}


def tried(folder: Path, kind: str, examples: int, seed: int, *only: str) -> str:
    """Run schemathesis against a fresh relay; return what it says. ``only`` are more options."""
    settings = folder / "relay.toml"
    settings.write_text("creations_per_second = 100000\ncreations_per_token = 100000\n")
    token = ["--create-token", "token1"] if kind == "private" else []
    relay = RelayProcess(folder / "relay", "--config", str(settings), *token)
    relay.start()
    try:
        where = ("--url", relay.uri.partition("/q")[0], "--exclude-operation-id", OTHER[kind])
        amount = ("--max-examples", str(examples), "--seed", str(seed), "--no-color", *only)
        done = subprocess.run(
            [*PROGRAM, "run", str(ROOT / "docs" / "openapi.json"), *where, *amount],
            env=environment(GRAPHCHAT_RELAY_URI=relay.uri, PYTHONPATH=str(ROOT)),
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        relay.stop()
    said = "\n".join(line[:500] for line in (done.stdout + done.stderr).splitlines())
    assert done.returncode == 0, said
    # Every fault of the relay's own would be in its log, behind what it says at its start.
    log = (folder / "relay" / "log").read_text().splitlines()
    assert [line for line in log if not line.startswith(("a new key", "probes"))] == []
    return said


def test_a_relay_does_what_the_document_says(tmp_path: Path) -> None:
    said = tried(tmp_path, "public", examples=6, seed=1)
    assert "Tested: 11" in said
    links = re.search(r"(\d+) covered / 7 selected", said)
    assert links is not None, said
    assert int(links[1]) >= 4, said


@pytest.mark.slow
def test_a_private_relay_makes_queues_by_tokens(tmp_path: Path) -> None:
    only = ("--include-operation-id", OTHER["public"], "--phases", "coverage,fuzzing")
    assert "Tested: 1" in tried(tmp_path, "private", 6, 1, *only)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", OTHER)
def test_it_does_so_for_long(tmp_path: Path, kind: str) -> None:
    said = tried(tmp_path, kind, examples=120, seed=2)
    assert "7 covered / 7 selected" in said
