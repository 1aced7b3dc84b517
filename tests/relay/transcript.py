"""Transcripts: what is asked and answered, in files that a person reads and a test plays.

``# why``; ``relay NAME=VALUE``: the relay has this setting; ``relay on disk``: its store is a
file; ``disk is full``, ``disk is away``, ``disk works``: it cannot be written, nor read.
"""

import sqlite3
from pathlib import Path
from typing import Any, Final

from graphchat.testing import TestRelay
from graphchat_relay.store.sqlite import SqliteStore

FOLDER: Final = Path(__file__).with_name("transcripts")
SET: Final = "relay "


def transcripts(kind: str) -> list[Path]:
    return sorted(FOLDER.glob(f"{kind}_*.txt"))


def lines_of(path: Path) -> list[str]:
    """Return what is to be played."""
    lines = path.read_text("utf-8").splitlines()
    return [line for line in lines if line and line[0] != "#" and not _is_setting(line)]


def settings_of(path: Path) -> dict[str, Any]:
    """Return how the relay of a transcript is set; ``store`` None is a file of its own."""
    found: dict[str, Any] = {}
    for line in path.read_text("utf-8").splitlines():
        if _is_setting(line):
            name, _, value = line.removeprefix(SET).partition("=")
            found |= {name: value} if value else {"store": None}
    return found


def _is_setting(line: str) -> bool:
    return line.startswith(SET) and line != "relay stops"


async def disk(served: TestRelay, line: str) -> None:
    """Let the relay's file fail, or not."""
    assert served._server is not None
    store = served._server._parts.running._store
    assert isinstance(store, SqliteStore)
    state = line.removeprefix("disk ")
    assert state in {"is full", "is away", "works"}, line

    def change(db: sqlite3.Connection) -> None:
        db.set_progress_handler(None, 1)
        db.execute(f"PRAGMA query_only = {'ON' if state == 'is full' else 'OFF'}").close()
        if state == "is away":
            db.set_progress_handler(lambda: 1, 1)  # which ends every statement at once

    await store._connection.run(change)
