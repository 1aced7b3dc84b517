"""Options that several commands have, spelled once."""

import os
from pathlib import Path
from re import ASCII, fullmatch
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


def size(text: str | int) -> int:
    """Read how many bytes, such as 500k, 1M or 2G. Raises `typer.BadParameter`."""
    # A default comes here as the number that it is.
    found = fullmatch(r"(\d{1,12})([kmg]?)i?b?", str(text).casefold().strip(), ASCII)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no size. Say for example 500k, 1M, 2G, or 0")
    count, unit = found.groups()
    return int(count) * {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}[unit]


def span(text: str) -> int:
    """Read how long something lasts, such as 30m, 1h or 7d, or off, in seconds.

    Raises `typer.BadParameter`.
    """
    if text.casefold() in {"off", "0"}:
        return 0
    found = fullmatch(r"(\d{1,8})([smhdw])", text.casefold().strip(), ASCII)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no time. Say for example 30m, 1h, 7d, or off")
    count, unit = found.groups()
    value = int(count) * {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}[unit]
    if not 0 < value <= LONGEST:
        raise typer.BadParameter(f"{text!r} is no time of up to a year")
    return value


def png(path: Path | None) -> Path | None:
    """Check that a picture can be written there, before anything is made for it.

    Raises `typer.BadParameter`.
    """
    if path is None:
        return None
    if path.suffix.lower() != ".png":
        raise typer.BadParameter(f"{str(path)!r} does not end in .png")
    if not path.parent.is_dir():
        raise typer.BadParameter(f"There is no folder {str(path.parent)!r}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise typer.BadParameter(f"{str(path)!r} cannot be written. Check its rights")
    return path


Who = Annotated[
    str, typer.Argument(metavar="CONTACT", help="A name or id of: graphchat contacts.")
]
WhichMessage = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="The beginning of its id, as history --ids shows it, or: last."
    ),
]
Ids = Annotated[bool, typer.Option("--ids", help="Begin each line with the beginning of its id.")]
Save = Annotated[
    Path | None,
    typer.Option(
        file_okay=False,
        metavar="DIR",
        help="Write pictures and recordings there; no file is overwritten.",
    ),
]
Private = Annotated[
    bool,
    typer.Option(
        "--private",
        help="Sign nothing, so that neither side can prove to others what was said. For good.",
    ),
]
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
        callback=png,
        help="Write the QR code to a picture too.",
    ),
]
