"""A terminal that a program runs in, and what can be seen on it."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pyte
from tests.bots.cli.conftest import PROGRAM, environment
from tests.unmeasured import unmeasured

# Seconds; the machine may be busy.
PATIENCE = 60.0


class Terminal:
    """What a person types and sees."""

    def __init__(self, child: "pexpect.spawn[str]", columns: int, lines: int) -> None:
        self.child = child
        self._screen = pyte.HistoryScreen(columns, lines, history=1000)
        self._stream = pyte.Stream(self._screen)

    @property
    def lines(self) -> list[str]:
        """Return the lines on the screen, without empty ones."""
        return [line.rstrip() for line in self._screen.display if line.strip()]

    def until(self, seen: Callable[[list[str]], bool]) -> list[str]:
        """Wait until the screen is as it should be."""
        end = time.monotonic() + PATIENCE
        while not seen(self.lines):
            assert time.monotonic() < end, "\n".join(self.lines)
            try:
                self._stream.feed(self.child.read_nonblocking(10_000, timeout=1))
            except pexpect.TIMEOUT:
                pass
            except pexpect.EOF:
                assert seen(self.lines), "\n".join(self.lines)
        return self.lines

    def leaves(self) -> int | None:
        """Wait for the end of the program; return its exit status."""
        while not self.child.eof():
            try:
                self._stream.feed(self.child.read_nonblocking(10_000, timeout=PATIENCE))
            except pexpect.EOF:
                break
        self.child.close()
        return self.child.exitstatus


@contextmanager
def terminal(
    folder: Path, *arguments: str, columns: int = 120, lines: int = 60
) -> Iterator[Terminal]:
    """Run the program in a terminal of this size."""
    # COLUMNS would win over the size of the terminal.
    names = unmeasured().keys() | {"GRAPHCHAT_HOME", "NO_COLOR"}
    clean = {n: t for n, t in environment(folder / "home").items() if n in names - {"COLUMNS"}}
    child = pexpect.spawn(
        sys.executable,
        [*PROGRAM[1:], *arguments],
        env=clean | {"TERM": "xterm-256color"},
        cwd=str(folder),
        encoding="utf-8",
        dimensions=(lines, columns),
    )
    try:
        yield Terminal(child, columns, lines)
    finally:
        child.close(force=True)
