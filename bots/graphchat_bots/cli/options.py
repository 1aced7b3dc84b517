"""Arguments that several commands have, spelled once."""

from typing import Annotated

import typer

Target = Annotated[
    str,
    typer.Argument(
        metavar="TARGET",
        help="A file (shop.py), one bot of it (shop.py:bot), or of a module (shop.main:bot).",
    ),
]
