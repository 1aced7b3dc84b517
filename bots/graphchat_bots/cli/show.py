"""What a bot has said, for a terminal."""

import sys

from rich.console import Console
from rich.text import Text as Styled

from graphchat.cli.output import plain
from graphchat.content import Image, Message, Text
from graphchat.content.pictures import open_picture
from graphchat.errors import ContentError

# Columns that a picture takes; a character is about twice as high as wide.
COLUMNS = 48


def as_text(message: Message) -> str:
    """Return a message as plain text that no terminal obeys."""
    match message:
        case Text(text=text):
            return plain(text, lines=True)
        case Image(width=width, height=height, caption=caption):
            kind = f"[picture, {width} x {height} pixels]"
            return f"{kind} {plain(caption, lines=True)}".rstrip()
        case _:
            return "[not supported by this version]"


def show(console: Console, name: str, message: Message) -> None:
    """Print a message of ``name``, a picture in colours if the terminal has them."""
    console.print(Styled(f"{name}: ", style="bold cyan"), Styled(as_text(message)), sep="")
    if isinstance(message, Image) and console.is_terminal and sys.stdout.isatty():
        try:
            console.print(_picture(message))
        except ContentError:
            return  # the line above has said what it is


def _picture(image: Image) -> Styled:
    picture = open_picture(image.thumbnail or image.data, COLUMNS).convert("RGB")
    styled = Styled()
    for y in range(0, picture.height - 1, 2):
        for x in range(picture.width):
            upper, lower = (_colour(picture.getpixel((x, y + below))) for below in (0, 1))
            styled.append("▀", style=f"{upper} on {lower}")
        styled.append("\n")
    return styled


def _colour(pixel: object) -> str:
    assert isinstance(pixel, tuple)
    red, green, blue = pixel
    return f"rgb({red},{green},{blue})"
