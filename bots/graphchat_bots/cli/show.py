"""What a bot has said, for a terminal."""

import sys

from rich.console import Console
from rich.text import Text as Styled

from graphchat.cli import said
from graphchat.cli.output import plain
from graphchat.cli.terminal import blocks
from graphchat.content import Image, Message, Text, Unknown
from graphchat.errors import ContentError


def as_text(message: Message) -> str:
    """Return a message as plain text that no terminal obeys."""
    match message:
        case Text(text=text):
            return plain(text, lines=True)
        case Image(width=width, height=height, caption=caption):
            kind = f"[picture, {width} x {height} pixels]"
            return f"{kind} {plain(caption, lines=True)}".rstrip()
        case Unknown():
            return "[not supported by this version]"
        case _:
            return said.said(message, "not saved")


def show(console: Console, name: str, message: Message) -> None:
    """Print a message of ``name``, a picture in colours if the terminal has them."""
    console.print(Styled(f"{name}: ", style="bold cyan"), Styled(as_text(message)), sep="")
    if isinstance(message, Image) and console.is_terminal and sys.stdout.isatty():
        try:
            console.print(blocks(message))
        except ContentError:
            return  # the line above has said what it is
