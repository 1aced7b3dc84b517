"""A bot in a process of its own, which is replaced when a file changes."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Final

from watchfiles import DefaultFilter, watch

from graphchat.cli import passphrase
from graphchat.cli.output import say
from graphchat_bots.cli.worker import Order, Ready, work
from graphchat_bots.home import FLUSH

SUFFIXES: Final = (".py", ".toml")
# Milliseconds between two looks whether the bot has ended by itself.
LOOK: Final = 500
# Seconds beyond those that a bot may take to stop, after which it is killed.
MERCY: Final = 5.0


class Changed(DefaultFilter):
    """Says yes to code and settings, but not in folders such as .venv."""

    def __call__(self, change: object, path: str) -> bool:
        return path.endswith(SUFFIXES) and super().__call__(change, path)  # type: ignore[arg-type]  # only looked at


class Restarts:
    """Starts a bot, and starts it again. `run` ends by Ctrl-C or SIGTERM."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._drain = 0.0
        self._secrets: dict[Path, str | None] = {}

    def run(self, folder: Path) -> None:
        """Run the bot until a signal; ``folder`` is where its code is."""
        with suppress(KeyboardInterrupt), _terminating():
            try:
                self._watch(folder)
            finally:
                self._stop()

    def _watch(self, folder: Path) -> None:
        for changes in watch(
            folder, watch_filter=Changed(), rust_timeout=LOOK, yield_on_timeout=True
        ):
            if changes:
                names = sorted({Path(path).name for _, path in changes})
                say(f"{', '.join(names)} changed: starting again.")
                if self._process is not None and self._process.is_alive():
                    self._order = replace(self._order, announce=False)
                self._stop()
                self._start()
            elif self._process is None:
                self._start()
            elif self._pipe is not None and not self._process.is_alive():
                self._pipe.close()
                self._pipe = None
                say("It has ended. The next change of a file starts it again; Ctrl-C ends.")

    def _start(self) -> None:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(target=work, args=(self._order, theirs))
        self._process.start()
        theirs.close()
        self._pipe, self._drain = ours, 0.0
        with suppress(EOFError):  # it could not be loaded, and has said why
            ready: Ready = ours.recv()
            self._drain = ready.drain
            ours.send(self._secret(ready.database))

    def _secret(self, database: Path) -> str | None:
        """Return the passphrase; who has typed it once is not asked again."""
        if database not in self._secrets:
            self._secrets[database] = passphrase.get(database)
        return self._secrets[database]

    def _stop(self) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        process.terminate()
        with suppress(KeyboardInterrupt):  # once more: at once
            process.join(self._drain + FLUSH + MERCY)
        process.kill()
        process.join()
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None


@contextmanager
def _terminating() -> Iterator[None]:
    """Let SIGTERM end as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
