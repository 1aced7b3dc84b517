"""How far long work is, on a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[int, int], None]
"""Hears what is done, and of how much."""


@contextmanager
def bar(what: str) -> Iterator[Progress]:
    """Show a bar on standard error once there is progress, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _done, _of: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, visible=False)
        yield lambda done, total: shown.update(task, completed=done, total=total, visible=True)
