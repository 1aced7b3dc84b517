"""A picture of a terminal: an SVG of what is on its screen, which fetches nothing."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

import pyte
from pyte.screens import Char

# Units of the picture for one character, and for what is round all of them.
WIDTH, HEIGHT, MARGIN = 8.4, 18, 14
FONT: Final = "DejaVu Sans Mono, Menlo, Consolas, monospace"
BACK, FRONT = "#16181d", "#d7dae0"
COLOURS: Final = {
    "black": "#3b4048",
    "red": "#ff6b72",
    "green": "#8fd17f",
    "brown": "#e5c07b",
    "blue": "#6cb4ff",
    "magenta": "#d491f0",
    "cyan": "#5fd0de",
    "white": "#d7dae0",
}
# Drawn as areas, for that fonts leave gaps between them: top and height, in shares of a line.
BLOCKS: Final = {"▀": (0.0, 0.5), "▄": (0.5, 0.5), "█": (0.0, 1.0)}


class Look(NamedTuple):
    """How a character looks."""

    front: str
    back: str
    bold: bool
    italics: bool


def draw(title: str, screen: pyte.Screen) -> str:
    """Return an SVG of the lines of a screen, down to the last one that is not empty."""
    rows = [[screen.buffer[y][x] for x in range(screen.columns)] for y in range(screen.lines)]
    while rows and all(cell.data in {" ", ""} for cell in rows[-1]):
        rows.pop()
    width = screen.columns * WIDTH + 2 * MARGIN
    height = (len(rows) + 1) * HEIGHT + 2 * MARGIN
    drawn = "\n".join(part for y, row in enumerate(rows, 1) for part in _row(y, row))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}"'
        f' role="img" aria-label="{escape(title, {chr(34): "&quot;"})}">\n'
        f'<rect width="100%" height="100%" rx="8" fill="{BACK}"/>\n'
        f'<text x="50%" y="{MARGIN + 6}" text-anchor="middle" font-family="sans-serif"'
        f' font-size="12" fill="#8a909c">{escape(title)}</text>\n'
        f'<g font-family="{FONT}" font-size="14" xml:space="preserve">\n{drawn}\n</g>\n</svg>\n'
    )


def _row(y: int, row: Iterable[Char]) -> Iterator[str]:
    for look, found in groupby(enumerate(row), key=lambda cell: _look(cell[1])):
        cells = list(found)
        first, text = cells[0][0], "".join(cell.data for _, cell in cells)
        left, top = MARGIN + first * WIDTH, MARGIN + y * HEIGHT
        if look.back != BACK:
            yield _area(left, top, len(cells) * WIDTH, HEIGHT, look.back)
        for x, cell in cells:
            if cell.data in BLOCKS:
                start, share = BLOCKS[cell.data]
                at = MARGIN + x * WIDTH
                yield _area(at, top + start * HEIGHT, WIDTH, share * HEIGHT, look.front)
        letters = "".join(" " if letter in BLOCKS else letter for letter in text)
        if letters.strip():
            spaces = len(letters) - len(letters.rstrip())
            length = (len(cells) - spaces) * WIDTH
            yield _letters(left, top, length, letters.rstrip(), look)


def _area(left: float, top: float, width: float, height: float, colour: str) -> str:
    # A little more than its size, so that no line shines through between two of them.
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width + 0.3:.1f}"'
        f' height="{height + 0.3:.1f}" fill="{colour}"/>'
    )


def _letters(left: float, top: float, length: float, text: str, look: Look) -> str:
    style = (' font-weight="bold"' if look.bold else "") + (
        ' font-style="italic"' if look.italics else ""
    )
    return (
        f'<text x="{left:.1f}" y="{top + 0.75 * HEIGHT:.1f}" textLength="{length:.1f}"'
        f' fill="{look.front}"{style}>{escape(text)}</text>'
    )


def _look(cell: Char) -> Look:
    front, back = _colour(cell.fg, FRONT), _colour(cell.bg, BACK)
    if cell.reverse:
        front, back = back, front
    return Look(front, back, cell.bold, cell.italics)


def _colour(name: str, default: str) -> str:
    if name == "default":
        return default
    bright = name.removeprefix("bright")
    return COLOURS.get(bright, f"#{name}" if len(name) == len("rrggbb") else default)
