"""Showing a code: the link for scripts, the QR code for the camera of another device."""

import os
import shutil
import sys
from pathlib import Path

from graphchat.cli.output import say, write, write_json
from graphchat.codes import qr
from graphchat.errors import CodeError


def show(link: str, picture: Path | None, *, as_json: bool, **more: object) -> None:
    """Write the link to stdout, on a terminal also the QR code, and ``picture`` if it is named.

    ``more`` is what `--json` says besides the link.
    Raises `OSError` if the picture cannot be written; the link is out by then.
    """
    if as_json:
        write_json({"link": link, **more})
    else:
        write(link)
        if sys.stdout.isatty():
            _show_qr(link)
    if picture is not None:
        qr.write_png(link, picture)
        say(f"The QR code is in {picture}.")


def _show_qr(link: str) -> None:
    colours = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    try:
        write(qr.terminal(link, shutil.get_terminal_size().columns, colours=colours))
    except CodeError as error:
        say(str(error))
