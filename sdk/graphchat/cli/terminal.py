"""What a terminal can do more than a file: CommonMark as it is meant, and small pictures.

Rule: nothing that a contact wrote is obeyed. It is made `plain` before it is read as CommonMark,
and once more after that: an entity such as ``&#27;`` becomes a control character only then.
"""

import os
import shutil
import sys
from dataclasses import dataclass
from io import StringIO
from typing import Final, Self

from rich.console import Console, RenderableType
from rich.markdown import Markdown
from rich.segment import Segment, Segments
from rich.text import Text as Styled

from graphchat.cli.output import plain
from graphchat.content import Image
from graphchat.content.pictures import open_picture
from graphchat.errors import ContentError

# Columns that a picture takes; a character is about twice as high as wide.
COLUMNS: Final = 48
INDENT: Final = 4
NARROWEST: Final = 20


@dataclass(frozen=True, slots=True)
class Terminal:
    """How wide a terminal is, and whether it has colours."""

    width: int
    colours: bool

    @classmethod
    def here(cls) -> Self | None:
        """Return the terminal that stdout is, if it is one that shows more than plain text."""
        if not sys.stdout.isatty() or os.environ.get("TERM") in {None, "dumb"}:
            return None
        width = shutil.get_terminal_size().columns
        return cls(max(width, NARROWEST), "NO_COLOR" not in os.environ)

    def text(self, text: str) -> str:
        """Return CommonMark as lines for this terminal, with its codes."""
        markdown = Markdown(plain(text, lines=True), hyperlinks=False)
        return self._rendered(markdown)

    def picture(self, image: Image) -> str:
        """Return a picture in half blocks; nothing if it cannot be shown, or has no colours."""
        if not self.colours:
            return ""
        try:
            return self._rendered(blocks(image))
        except ContentError:
            return ""  # the line above it has said what it is

    def _rendered(self, what: RenderableType) -> str:
        console = Console(
            file=StringIO(),
            width=self.width - INDENT,
            force_terminal=True,
            color_system="truecolor" if self.colours else None,
            highlight=False,
            legacy_windows=False,
        )
        lines = Segment.split_lines(_harmless(segment) for segment in console.render(what))
        for line in lines:
            console.print(Segments([*_without_blanks(line), Segment.line()]), end="")
        assert isinstance(console.file, StringIO)
        return console.file.getvalue().strip("\n").replace("\n", "\n" + " " * INDENT)


def blocks(image: Image) -> Styled:
    """Return a picture as characters of two pixels each. Raises `ContentError`."""
    picture = open_picture(image.thumbnail or image.data, COLUMNS).convert("RGB")
    styled = Styled()
    for y in range(0, picture.height - 1, 2):
        for x in range(picture.width):
            upper, lower = (_colour(picture.getpixel((x, y + below))) for below in (0, 1))
            styled.append("▀", style=f"{upper} on {lower}")
        styled.append("\n")
    return styled


def _harmless(segment: Segment) -> Segment:
    return Segment(plain(segment.text, lines=True), segment.style, None)


def _without_blanks(line: list[Segment]) -> list[Segment]:
    """Return a line without the blanks that fill it up; those with a background stay."""
    while line and not (line[-1].style and line[-1].style.bgcolor):
        *line, last = line
        if text := last.text.rstrip():
            return [*line, Segment(text, last.style)]
    return line


def _colour(pixel: object) -> str:
    assert isinstance(pixel, tuple)
    red, green, blue = pixel
    return f"rgb({red},{green},{blue})"
