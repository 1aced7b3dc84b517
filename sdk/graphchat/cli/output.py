"""What commands print: data on stdout, talk on stderr, and nothing that a terminal obeys."""

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from io import TextIOWrapper
from typing import Final
from unicodedata import category

# They turn the text after them round, also outside of what a contact wrote.
_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Cc: control, such as ESC; Zl and Zp: line and paragraph; Cs: halves of a character.
_BREAKING: Final = frozenset({"Cc", "Zl", "Zp", "Cs"})
# Columns of a table that nobody looks at on a screen: nothing is cut.
_ENDLESS: Final = 100_000
# What a line may begin with: spaces, a number, a bar.
_EDGE: Final = re.compile(r" *(\| |\d+\. )?")
_NARROWEST: Final = 20
_UNITS: Final = {"week": 604_800, "day": 86_400, "hour": 3_600, "minute": 60, "second": 1}


def plain(text: str, *, lines: bool = False) -> str:
    """Return ``text`` with escapes for control characters, so that terminals do not obey.

    With ``lines``, line breaks and tabs stay.
    """
    kept = "\n\t" if lines else ""
    return "".join(char if char in kept or _is_harmless(char) else _shown(char) for char in text)


def say(text: str) -> None:
    """Tell the person something, as one line on stderr."""
    with suppress(OSError):  # nobody listens: the work goes on
        sys.stderr.write(f"{plain(text)}\n")
        sys.stderr.flush()


def write(text: str) -> None:
    """Write data to stdout at once: a script may wait for it. ``text`` must be `plain`.

    Raises `OSError`, such as `BrokenPipeError` if nobody reads any more.
    """
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _write_nowhere()
        raise


def write_prose(text: str) -> None:
    """Write lines that people read, on a terminal folded between words. ``text`` must be `plain`.

    What follows on the next line has the same edge: an indentation, or a bar beside a quotation.
    """
    write("\n".join(map(_folded, text.split("\n"))) if sys.stdout.isatty() else text)


def lasting(seconds: float) -> str:
    """Return a duration in words."""
    return "1 second" if seconds == 1 else f"{seconds:g} seconds"


def span(seconds: int) -> str:
    """Return a duration in the words of a clock: weeks, days, hours, minutes, seconds."""
    parts = []
    for unit, size in _UNITS.items():
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}{'s' * (count > 1)}")
    return " ".join(parts) or "0 seconds"


def as_json(record: Mapping[str, object]) -> str:
    """Return one object as one line of pure ASCII, which no terminal obeys either."""
    return json.dumps(record, separators=(",", ":"))


def write_json(record: Mapping[str, object]) -> None:
    """Write one object as one line."""
    write(as_json(record))


def write_rows(
    rows: Sequence[Mapping[str, object]], columns: Sequence[str], *, as_json: bool
) -> None:
    """Write one object for each row, or a table of the given columns."""
    if as_json:
        for row in rows:
            write_json(row)
    elif rows:
        _write_table(rows, columns)


def write_card(record: Mapping[str, object], *, as_json: bool) -> None:
    """Write one object, or a line for each of its values that is not empty."""
    if as_json:
        write_json(record)
        return
    for name, value in record.items():
        if shown := _cell(value):
            write(f"{name}: {plain(shown)}")


def can_ask() -> bool:
    """Tell whether a person is there to answer a question."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def be_robust() -> None:
    """Have stdout and stderr show what their encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _write_table(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        # Text: what contacts wrote is never read as markup.
        table.add_row(*(Text(plain(_cell(row[column]))) for column in columns))
    width = None if sys.stdout.isatty() else _ENDLESS
    Console(width=width, highlight=False).print(table)


def _folded(line: str) -> str:
    from rich.console import Console
    from rich.text import Text

    found = _EDGE.match(line)
    edge = found[0] if found else ""
    more = edge if "|" in edge else " " * len(edge)
    console = Console()
    room = max(console.width - len(edge), _NARROWEST)
    first, *others = Text(line[len(edge) :]).wrap(console, room, overflow="fold") or [Text()]
    return "\n".join([f"{edge}{first}".rstrip(), *(f"{more}{other}".rstrip() for other in others)])


def _cell(value: object) -> str:
    match value:
        case None | False:
            return ""
        case True:
            return "yes"
        case list() | tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _write_nowhere() -> None:
    """Let Python throw away what it holds: at its end it would complain of the closed pipe."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with suppress(OSError, ValueError):
        os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _is_harmless(char: str) -> bool:
    return char not in _TURNING and category(char) not in _BREAKING


def _shown(char: str) -> str:
    return char.encode("unicode_escape").decode()
