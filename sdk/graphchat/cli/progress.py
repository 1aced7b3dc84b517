"""How far long work is, on a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[int, int], None]
"""Hears what is done, and of how much."""


@contextmanager
def bar(what: str, *, bytes_: bool = False) -> Iterator[Progress]:
    """Show a bar on standard error once there is progress, if that is a terminal.

    With ``bytes_``, what is counted are bytes: also how many there are a second is shown.
    """
    if not sys.stderr.isatty():
        yield lambda _done, _of: None
        return
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress as Bar, TransferSpeedColumn

    from graphchat.cli.output import plain

    what = plain(what).replace("[", "\\[")  # markup of rich
    more = (DownloadColumn(binary_units=True), TransferSpeedColumn()) if bytes_ else ()
    with Bar(
        *Bar.get_default_columns(), *more, console=Console(stderr=True), transient=True
    ) as shown:
        task = shown.add_task(what, visible=False)
        yield lambda done, total: shown.update(task, completed=done, total=total, visible=True)
