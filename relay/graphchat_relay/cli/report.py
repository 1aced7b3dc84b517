"""How the result of a check is shown."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was tried, and went well."""

    what: str
    ms: float


def show(steps: Sequence[Step], *, json: bool) -> None:
    if json:
        found = {"ok": True, "ms": {step.what: round(step.ms, 2) for step in steps}}
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("step", "ms", title="The relay works")
    table.columns[1].justify = "right"
    for step in steps:
        table.add_row(step.what, f"{step.ms:.1f}")
    Console().print(table)
