"""Codes as QR pictures: written as files and on terminals, read from whatever people send."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import segno
import zxingcpp
from PIL import Image as Pillow

from graphchat.codes.invitation import MAX_CODE, PREFIX
from graphchat.content.pictures import MAX_FILE, MAX_PIXELS, open_picture
from graphchat.errors import CodeError, ContentError

# Of the standard, in modules; readers find a code by the empty zone round it.
QUIET: Final = 4
# Pixels of a module: sharp on a screen, readable after a chat program made it smaller.
MODULE: Final = 8
# Larger pictures are made smaller: time, and cameras have more pixels than sharpness.
LONGEST_SIDE: Final = 4000

# Black and white from the fixed part of the palette, which no colour scheme changes.
_INK: Final = "\x1b[38;5;16;48;5;231m"
_PLAIN: Final = "\x1b[0m"
# By (upper, lower) module being dark, in dark ink on light paper ...
_ON_PAPER: Final = {(0, 0): " ", (1, 0): "\u2580", (0, 1): "\u2584", (1, 1): "\u2588"}
# ... and in the light ink of a dark terminal.
_ON_DARK: Final = {(0, 0): "\u2588", (1, 0): "\u2584", (0, 1): "\u2580", (1, 1): " "}

_QR: Final = zxingcpp.barcode_formats_from_str("QRCode")

_Rows = Sequence[Sequence[int]]


def write(text: str) -> Pillow.Image:
    """Return the QR code of ``text``, black on white, 8 pixels a module.

    Raises `CodeError` if it is longer than a QR code can be.
    """
    rows = _with_border(_rows(text, "m"), QUIET)
    pixels = bytes(0 if dark else 255 for row in rows for dark in row)
    small = Pillow.frombytes("L", (len(rows), len(rows)), pixels)
    side = MODULE * len(rows)
    return small.resize((side, side), Pillow.Resampling.NEAREST)


def write_png(text: str, path: Path) -> None:
    """Write the QR code of ``text`` to a PNG file. Raises `CodeError` and `OSError`."""
    write(text).convert("1").save(path, "PNG", optimize=True)


def terminal(text: str, width: int = 80, *, colours: bool = True) -> str:
    """Return lines of half blocks that show the QR code of ``text``, two modules a character.

    With ``colours`` it is black on white in every terminal; without, it relies on light
    letters on a dark ground, and is inverted elsewhere. It takes a lower level of error
    correction, then less of an empty zone, to fit into ``width`` columns. Raises
    `CodeError` if it does not fit.
    """
    blocks = _ON_PAPER if colours else _ON_DARK
    before, after = (_INK, _PLAIN) if colours else ("", "")
    rows = _with_border(*_fitting(text, width))
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    lines = (
        "".join(blocks[upper, lower] for upper, lower in zip(*pair, strict=True))
        for pair in zip(rows[::2], rows[1::2], strict=True)
    )
    return "\n".join(f"{before}{line}{after}" for line in lines)


def read(source: Path | Pillow.Image | bytes) -> str:
    """Return the text of the graphchat code in a picture: a PNG, JPEG or WebP file, or an image.

    Raises `CodeError` if there is none, more than one, or the picture cannot be used.
    """
    found = [str(barcode.text) for barcode in _barcodes(_grey(source))]
    codes = {text for text in found if _is_code(text)}
    if len(codes) > 1:
        raise CodeError("The picture shows several graphchat codes. Cut out the one you want.")
    if codes:
        return codes.pop()
    if found:
        raise CodeError("The QR code in the picture is no graphchat code. Ask for one.")
    raise CodeError(
        "No QR code was found in the picture. Take it straight from the front, sharp, with all"
        " of the code and some white round it, or ask for the link instead."
    )


def _rows(text: str, level: str) -> _Rows:
    try:
        rows: _Rows = segno.make_qr(text, error=level).matrix
    except segno.DataOverflowError:
        raise CodeError(
            "The code is too long for a QR code. Share the link, or use fewer relays."
        ) from None
    return rows


def _with_border(rows: _Rows, border: int) -> list[list[int]]:
    side = len(rows) + 2 * border
    empty = [[0] * side for _ in range(border)]
    margin = [0] * border
    return [*empty, *([*margin, *row, *margin] for row in rows), *empty]


def _fitting(text: str, width: int) -> tuple[_Rows, int]:
    rows: _Rows = ()
    for level, border in (("m", QUIET), ("l", QUIET), ("l", 2), ("l", 1)):
        rows = _rows(text, level)
        if len(rows) + 2 * border <= width:
            return rows, border
    raise CodeError(
        f"The QR code needs a terminal of {len(rows) + 2} columns; this one has {width}."
        " Make the window wider, or write the code to a picture."
    )


def _grey(source: Path | Pillow.Image | bytes) -> Pillow.Image:
    if isinstance(source, Path):
        source = _file(source)
    if isinstance(source, bytes):
        try:
            source = open_picture(source, LONGEST_SIDE)
        except ContentError as error:
            raise CodeError(str(error)) from None
    if source.width * source.height > MAX_PIXELS:
        raise CodeError("The picture has too many pixels. Cut out the part with the code.")
    if source.has_transparency_data:  # what is not there looks like paper
        paper = Pillow.new("RGBA", source.size, "white")
        source = Pillow.alpha_composite(paper, source.convert("RGBA"))
    return source.convert("L")


def _file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE + 1)
    except OSError as error:
        raise CodeError(f"The picture cannot be read: {error.strerror}.") from None


def _barcodes(picture: Pillow.Image) -> Iterator[zxingcpp.Barcode]:
    yield from zxingcpp.read_barcodes(picture, formats=_QR, text_mode=zxingcpp.TextMode.Plain)


def _is_code(text: str) -> bool:
    if len(text) > 2 * MAX_CODE:
        return False
    bare = text.partition("#")[2] if text[:8].lower() == "https://" else text
    return bare.strip()[: len(PREFIX)].upper() == PREFIX
