"""What a bot has said, for a terminal."""

import sys

import msgspec
from rich.console import Console
from rich.text import Text as Styled

from graphchat.cli import said
from graphchat.cli.output import plain
from graphchat.cli.terminal import blocks
from graphchat.content import Image, Message, Text, Unknown, decode
from graphchat.errors import ContentError
from graphchat_bots import kept
from graphchat_bots.store import DeadLetter


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


def what_was_said(dead: DeadLetter) -> str:
    """Return what a dead letter is about, as plain text."""
    if dead.kind in ("job", "cron"):
        arguments = msgspec.msgpack.decode(kept.unpack_job(dead.body).body)
        return plain(", ".join(map(repr, arguments)))
    if dead.kind != "outgoing":
        message = kept.unpack_event(dead.body).message
        return "" if message is None else as_text(message)
    outgoing = kept.unpack_outgoing(dead.body)
    return as_text(decode(outgoing.body)) if outgoing.kind == "message" else f"[{outgoing.kind}]"


def show(console: Console, name: str, message: Message) -> None:
    """Print a message of ``name``, a picture in colours if the terminal has them."""
    console.print(Styled(f"{name}: ", style="bold cyan"), Styled(as_text(message)), sep="")
    if isinstance(message, Image) and console.is_terminal and sys.stdout.isatty():
        try:
            console.print(blocks(message))
        except ContentError:
            return  # the line above has said what it is
