"""Messages that programs read: people never see them as lines of a conversation."""

import re
from typing import Final

from msgspec import Struct

from graphchat.content import rules
from graphchat.content.lanes import MAX_NUMBERS, LaneSeen
from graphchat.content.profile import ProfileCard
from graphchat.errors import ContentError

MAX_RESEND: Final = 128
MAX_COMMANDS: Final = 200
MAX_HELP: Final = 300

_COMMAND: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.ASCII)


class Welcome(Struct, tag_field="type", tag="welcome", frozen=True):
    """The first frame by the lanes: the connection works in this direction."""

    profile: ProfileCard


class ReceiptBody(Struct, tag_field="type", tag="receipt", frozen=True):
    """Signed evidence that everything in a stream up to ``seq`` has arrived.

    Raises `ContentError` if a part has a length or value that it cannot have.
    """

    stream: bytes
    """8 bytes."""
    seq: int
    ts_ms: int
    """Milliseconds since 1970-01-01 UTC."""
    signature: bytes
    """64 bytes: Ed25519 by the proof key of the receiver; empty in a private connection."""
    lanes: tuple[LaneSeen, ...]
    """What came by each lane."""

    def __post_init__(self) -> None:
        rules.size("stream of the receipt", self.stream, 8, 8)
        if self.signature:
            rules.size("signature of the receipt", self.signature, 64, 64)
        rules.number("seq of the receipt", self.seq, 1)
        rules.number("time of the receipt", self.ts_ms, 0)
        rules.number("number of lanes of the receipt", len(self.lanes), 1, MAX_NUMBERS)
        if len({seen.number for seen in self.lanes}) != len(self.lanes):
            raise ContentError("The receipt names a lane twice.")


class Resend(Struct, tag_field="type", tag="resend", frozen=True):
    """Asks for the frames ``first`` to ``last`` of a stream once more, at most 128.

    Raises `ContentError` if the range is empty or too long.
    """

    stream: bytes
    """8 bytes."""
    first: int
    last: int

    def __post_init__(self) -> None:
        rules.size("stream of the request", self.stream, 8, 8)
        rules.number("first frame of the request", self.first, 1)
        most = min(self.first + MAX_RESEND - 1, rules.MAX_INTEGER)
        rules.number("last frame of the request", self.last, self.first, most)


class BotCommand(Struct, frozen=True):
    """One thing that a bot can do.

    Raises `ContentError` if the name is not 1 to 32 of ``a-z 0-9 _ -``, or the help is too
    long.
    """

    name: str
    """Without the slash."""
    help: str
    """One line, at most 300 characters."""

    def __post_init__(self) -> None:
        if not _COMMAND.fullmatch(self.name):
            raise ContentError(
                "The name of a command has 1 to 32 characters of a-z, 0-9, _ and -; "
                "the first is a letter or a digit."
            )
        rules.line("help of a command", self.help, MAX_HELP)


class BotCommands(Struct, tag_field="type", tag="bot.commands", frozen=True):
    """All that a bot can do; replaces what it announced before.

    Raises `ContentError` if there are more than 200 commands, or one of them twice.
    """

    commands: tuple[BotCommand, ...]

    def __post_init__(self) -> None:
        rules.number("number of commands", len(self.commands), 0, MAX_COMMANDS)
        if len({command.name for command in self.commands}) != len(self.commands):
            raise ContentError("The bot announces a command twice. Rename one of them.")


Control = Welcome | ReceiptBody | Resend | BotCommands
"""Every message of this module that can be a frame."""
