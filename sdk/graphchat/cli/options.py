"""Options that several commands have, spelled once."""

from pathlib import Path
from typing import Annotated, Final

import typer

# Seconds; a year is as good as for ever.
LONGEST: Final = 366 * 24 * 3600.0


def seconds(text: str) -> float:
    """Read a duration. Raises `typer.BadParameter`."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= LONGEST:  # refuses NaN too
        raise typer.BadParameter(f"{text!r} is no number of seconds")
    return value


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")]
Wait = Annotated[
    float | None,
    typer.Option(
        "--wait",
        parser=seconds,
        metavar="SECONDS",
        help="Stay until the other side has answered, this long at most.",
    ),
]
Qr = Annotated[
    Path | None,
    typer.Option(
        "--qr",
        metavar="FILE.png",
        dir_okay=False,
        help="Write the QR code to a picture too.",
    ),
]
