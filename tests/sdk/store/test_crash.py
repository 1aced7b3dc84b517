import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from graphchat.crypto.vault import Strength
from graphchat.errors import StoreBusyError
from graphchat.store import Database

SCRIPT = str(Path(__file__).with_name("crashing.py"))


def crash(what: str, path: Path, number: int) -> str:
    """Run the script and return what it says; its assertions are ours."""
    done = subprocess.run(
        [sys.executable, "-W", "error", SCRIPT, what, str(path), str(number)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_killed_writer_loses_nothing_that_was_committed(path: Path) -> None:
    batches = int(crash("writers", path, 20))
    assert batches > 20


def test_a_creation_that_dies_leaves_nothing_or_a_database(path: Path) -> None:
    moments = int(crash("moments", path, 100))
    assert moments > 15


@pytest.mark.slow
def test_a_creation_may_die_at_every_line_of_all(path: Path) -> None:
    crash("moments", path, 1)


def test_another_process_is_kept_out_until_it_dies(path: Path, cheap: Strength) -> None:
    async def opened() -> None:
        async with Database.open(path, "correct horse", strength=cheap) as db:
            await db.check()

    holder = subprocess.Popen(
        [sys.executable, SCRIPT, "hold", str(path), "0"], stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        for _ in range(2):
            with pytest.raises(StoreBusyError):
                asyncio.run(opened())
        holder.kill()
    asyncio.run(opened())
