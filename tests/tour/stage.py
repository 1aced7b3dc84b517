"""People at terminals, whose commands are real processes; what they see becomes a picture."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pexpect
import pyte
from tests.together.processes import environment
from tests.tour.picture import draw

PROGRAM: Final = ["-c", "from graphchat.cli import main; main()"]
# Seconds that a command may take.
PATIENCE: Final = 60
COLUMNS, LINES = 110, 70
PROMPT: Final = "\x1b[1;32m$\x1b[0m \x1b[1mgraphchat {}\x1b[0m\r\n"


@dataclass
class Terminal:
    """What somebody has typed, and what has come of it."""

    home: Path
    lines: int = LINES
    screen: pyte.Screen = field(init=False)

    def __post_init__(self) -> None:
        self.screen = pyte.Screen(COLUMNS, self.lines)
        self._stream = pyte.Stream(self.screen)

    def types(self, *words: str, answers: tuple[tuple[str, str], ...] = ()) -> str:
        """Run a command to its end; return what it has printed.

        ``answers`` are what it asks for, and what is typed then.
        """
        child = self.begins(*words)
        seen = ""
        for question, answer in answers:
            child.expect_exact(question)
            seen += f"{child.before}{question}"
            child.sendline(answer)
        child.expect(pexpect.EOF)
        seen += child.before or ""
        child.close()
        assert child.exitstatus == 0, seen
        self._stream.feed(seen)
        return seen

    def begins(self, *words: str) -> "pexpect.spawn[str]":
        """Start a command, which goes on beside others."""
        self._stream.feed(PROMPT.format(" ".join(map(quoted, words))))
        clean = environment(
            GRAPHCHAT_HOME=str(self.home), TERM="xterm-256color", COLORTERM="truecolor"
        )
        return pexpect.spawn(
            sys.executable,
            [*PROGRAM, *words],
            env={n: t for n, t in clean.items() if n not in {"COLUMNS", "LINES", "NO_COLOR"}},
            cwd=str(self.home.parent),
            encoding="utf-8",
            timeout=PATIENCE,
            dimensions=(self.lines, COLUMNS),
        )

    def watches(
        self, child: "pexpect.spawn[str]", seen: Callable[[str], bool], *, still: bool = False
    ) -> None:
        """Look at a command that goes on, until the screen is as it should be.

        With ``still``, wait until nothing moves any more, too; a cursor that blinks always does.
        """
        end, is_still = time.monotonic() + PATIENCE, not still
        while not (is_still and seen("\n".join(self.screen.display))):
            assert time.monotonic() < end, "\n".join(self.screen.display)
            try:
                self._stream.feed(child.read_nonblocking(10_000, timeout=1))
                is_still = not still
            except pexpect.TIMEOUT:
                is_still = True

    def leaves(self, child: "pexpect.spawn[str]") -> None:
        """End a command as a person does who has nothing more to say."""
        child.send("\x04")
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 0, child.before

    def clears(self) -> None:
        """Begin a new picture."""
        self.screen.reset()

    def pictured(self, title: str) -> str:
        """Return what is on the screen, as SVG."""
        return draw(title, self.screen)


def quoted(word: str) -> str:
    """Return a word as one types it: in quotes if it has spaces; a long code by its beginning."""
    long = 60
    short = word if len(word) <= long else f"{word[:40]}..."
    return f'"{short}"' if set(short) & set(' ?*&;#"') else short
