"""Where somebody types in the chat: what they have typed stays in sight while messages arrive."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from typing import Final, Protocol, final

from rich.cells import cell_len
from rich.console import Console

from graphchat.cli.output import plain
from graphchat_bots.cli import stdin

PROMPT: Final = "you: "


class Prompt(Protocol):
    """Lines that somebody types, and room for what others say meanwhile."""

    def lines(self) -> AsyncIterator[str]:
        """Yield each line, without its end; stop at the end of input."""
        ...

    def aside(self) -> AbstractContextManager[None]:
        """Let something be printed."""
        ...


@contextmanager
def prompt(console: Console) -> Iterator[Prompt]:
    """Open what fits the terminal, or the lack of one."""
    if not _is_editable(console):
        yield Pipe()
        return
    import termios

    before = termios.tcgetattr(sys.stdin)
    editor = Editor()
    try:
        yield editor
    finally:
        editor.close()
        # Who types is interrupted, and leaves the terminal as the line editor wants it.
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


@final
class Pipe:
    """Input that nobody edits: a pipe, a file, or a terminal that can do nothing."""

    def lines(self) -> AsyncIterator[str]:
        return stdin.lines()

    def aside(self) -> AbstractContextManager[None]:
        return nullcontext()


@final
class Editor:
    """The line editor of a terminal; messages are printed above the line."""

    def __init__(self) -> None:
        import readline

        self._readline: Final = readline
        self._lock: Final = threading.Lock()
        self._asks = False
        readline.set_pre_input_hook(self._begin)

    async def lines(self) -> AsyncIterator[str]:
        lines: asyncio.Queue[str | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        # A daemon, for nothing can wake it.
        threading.Thread(target=self._read, args=(loop, lines), daemon=True).start()
        while (line := await lines.get()) is not None:
            yield line

    @contextmanager
    def aside(self) -> Iterator[None]:
        with self._lock:
            typed = self._typed()
            above = cell_len(typed) // os.get_terminal_size(sys.stdout.fileno()).columns
            _draw(f"\x1b[{above}A\r\x1b[J" if above else "\r\x1b[J")
            yield
            _draw(typed)

    def close(self) -> None:
        """Ask for nothing more; what the terminal shows next begins a line."""
        self._readline.set_pre_input_hook(None)
        with self._lock:
            self._asks = False
            _draw("\n")

    def _typed(self) -> str:
        buffer = self._readline.get_line_buffer() if self._asks else ""
        return PROMPT + plain(_text(buffer))

    def _begin(self) -> None:
        # A message may have come after the prompt and before the editor was ready for one.
        with self._lock:
            self._asks = True
            _draw(f"\r\x1b[J{PROMPT}")

    def _read(self, loop: asyncio.AbstractEventLoop, lines: asyncio.Queue[str | None]) -> None:
        line: str | None = ""
        while line is not None:
            try:
                line = _text(input(PROMPT))
            except UnicodeDecodeError:
                continue
            except (EOFError, OSError, ValueError):
                line = None
            with self._lock:
                self._asks = False
            try:
                loop.call_soon_threadsafe(lines.put_nowait, line)
            except RuntimeError:  # the loop has ended
                return


def _is_editable(console: Console) -> bool:
    terminals = sys.stdin.isatty() and sys.stdout.isatty() and not console.is_dumb_terminal
    return terminals and all(map(find_spec, ("readline", "termios")))


def _draw(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _text(line: str) -> str:
    # A terminal that does not speak UTF-8 leaves halves of characters.
    return line.encode(errors="surrogateescape").decode(errors="replace")
