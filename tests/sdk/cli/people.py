"""People who type commands; everything runs in this process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.together.processes import Done

from graphchat.cli.app import run


@dataclass(frozen=True, slots=True)
class Person:
    """A home, and the commands that its owner types."""

    home: Path
    capture: pytest.CaptureFixture[str]

    @property
    def database(self) -> Path:
        return self.home / "client.db"

    def run(self, *words: str) -> Done:
        self.capture.readouterr()
        status = run(["--home", str(self.home), *words])
        out, err = self.capture.readouterr()
        return Done(status, out, err)

    def do(self, *words: str) -> Done:
        """Run a command that must succeed."""
        done = self.run(*words)
        assert done.status == 0, done
        return done

    def refused(self, *words: str) -> str:
        """Run a command that must fail, and return the one line that it says."""
        done = self.run(*words)
        assert (done.status, done.out) == (1, ""), done
        assert "Traceback" not in done.err
        (line,) = done.err.splitlines()
        return line


NewPerson = Callable[[str], Person]
Pair = tuple[Person, Person]
