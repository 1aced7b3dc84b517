"""Relays and commands as processes of their own, which can be killed."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
from tests.unmeasured import unmeasured

PROGRAM: Final = (sys.executable, "-c", "from graphchat.cli import main; main()")
SECRETS: Final = ("GRAPHCHAT_HOME", "GRAPHCHAT_PASSPHRASE", "GRAPHCHAT_DEBUG")


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a machine without homes, passphrases or a keyring."""
    clean = {name: text for name, text in unmeasured().items() if name not in SECRETS}
    keyring = "keyring.backends.null.Keyring"
    return clean | {"PYTHON_KEYRING_BACKEND": keyring, "PYTHONUNBUFFERED": "1"} | more


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended."""

    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What it printed, as objects."""
        return [msgspec.json.decode(line) for line in self.out.splitlines()]


@dataclass(frozen=True, slots=True)
class Person:
    """A home, and the commands that its owner types; each is a process."""

    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*PROGRAM, "--home", str(self.home), *words],
            env=environment(**self.variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str) -> Done:
        process = self.start(*words)
        out, err = process.communicate(timeout=60)
        return Done(process.returncode, out, err)

    def do(self, *words: str) -> Done:
        """Run a command that must succeed."""
        done = self.run(*words)
        assert done.status == 0, done
        return done


class RelayProcess:
    """A relay with a database, started by the command; it keeps its port when started again."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self._port = 0
        self.uri = ""
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self._folder.mkdir(exist_ok=True)
        store = f"sqlite://{self._folder / 'relay.db'}"
        words = ["relay", "serve", "--port", str(self._port), "--store", store, *self._options]
        with (self._folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                [*PROGRAM, "--home", str(self._folder), *words],
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        ready = re.fullmatch(
            r"relay ready (https?://127\.0\.0\.1:(\d+)/q[\w/]*#[\w-]{22})\n", line
        )
        assert ready is not None, (line, (self._folder / "log").read_text())
        assert self.uri in {"", ready[1]}, "it is another relay now"
        self.uri, self._port = ready[1], int(ready[2])

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        if self._process is not None:
            self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        assert process is not None
        assert process.stdout is not None
        process.send_signal(number)
        process.wait(timeout=20)
        process.stdout.close()


@contextmanager
def relays(folder: Path, count: int) -> Iterator[list[RelayProcess]]:
    """Run relays, and stop those that run at the end."""
    made = [RelayProcess(folder / f"relay{number}") for number in range(count)]
    try:
        for relay in made:
            relay.start()
        yield made
    finally:
        for relay in made:
            relay.stop()
