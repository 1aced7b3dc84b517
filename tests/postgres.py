"""A real PostgreSQL server for the tests: in a folder of its own, on loopback, ended with them."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

LACKING: Final = "PostgreSQL is not installed: apt-get install postgresql"
# Seconds; it takes one or two.
PATIENCE: Final = 60.0
OPTIONS: Final = ("fsync=off", "listen_addresses=127.0.0.1", "max_connections=200")


@dataclass(frozen=True, slots=True)
class Postgres:
    """A server that runs."""

    programs: Path
    port: int
    data: Path
    log: Path

    def database(self) -> str:
        """Make an empty database, and return its URL."""
        name = f"test_{uuid4().hex}"
        self.psql("postgres", f"CREATE DATABASE {name}")
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def psql(self, database: str, statement: str) -> str:
        place = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database)
        words = [str(self.programs / "psql"), *place, "-Atqc", statement]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def programs() -> Path | None:
    """Return the folder with the newest server that is installed."""
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent  # Debian has the others beside it
    debian = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    return max((path.parent for path in debian), default=None)


@contextmanager
def running() -> Iterator[Postgres]:
    """Run a server. It refuses to run as root, so then it is Debian's user for it."""
    found = programs()
    if found is None:
        if "CI" in os.environ:
            pytest.fail(LACKING)
        pytest.skip(LACKING)
    owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    uid, gid = (None, None) if owner is None else (owner.pw_uid, owner.pw_gid)
    folder = Path(tempfile.mkdtemp(prefix="graphchat-postgres-"))
    try:
        if owner is not None:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        data = folder / "data"
        make = [
            str(found / "initdb"),
            "-D",
            str(data),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-N",
            "-E",
            "UTF8",
        ]
        subprocess.run(make, check=True, capture_output=True, cwd="/", user=uid, group=gid)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        settings = [word for option in OPTIONS for word in ("-c", option)]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    str(found / "postgres"),
                    "-D",
                    str(data),
                    "-k",
                    str(folder),
                    "-p",
                    str(port),
                    *settings,
                ],
                stdout=log,
                stderr=log,
                cwd="/",
                user=uid,
                group=gid,
            )
        try:
            _wait(found, port)
            yield Postgres(found, port, data, folder / "log")
        finally:
            process.send_signal(signal.SIGINT)  # it ends connections, too
            process.wait(PATIENCE)
    finally:
        shutil.rmtree(folder)


def _wait(found: Path, port: int) -> None:
    until = time.monotonic() + PATIENCE
    ask = [str(found / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(ask, check=False).returncode:
        assert time.monotonic() < until, "PostgreSQL does not start"
        time.sleep(0.05)
