"""From the options of `send` to the message that they describe."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from graphchat.cli import output
from graphchat.cli.errors import WrongUsageError
from graphchat.errors import ContentError

if TYPE_CHECKING:
    from graphchat.content import Message

STDIN: Final = "-"
NOTHING: Final = (
    "There is nothing to send. Give a text, or --file with a picture, --voice, --location or"
    " --poll."
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to send, as it was typed."""

    text: str
    file: Path | None = None
    voice: Path | None = None
    location: str | None = None
    poll: str | None = None
    options: Sequence[str] = ()
    several: bool = False


def compose(wanted: Wanted) -> "Message":
    """Return the message. Raises `ContentError`, and `WrongUsageError` for what cannot be both."""
    kinds = {
        "--file": wanted.file,
        "--voice": wanted.voice,
        "--location": wanted.location,
        "--poll": wanted.poll,
    }
    chosen = [name for name, value in kinds.items() if value is not None]
    if len(chosen) > 1:
        raise WrongUsageError(f"A message is one thing. Choose one of {' and '.join(chosen)}.")
    if (wanted.options or wanted.several) and wanted.poll is None:
        raise WrongUsageError("--option and --several belong to --poll.")
    text = _read() if wanted.text == STDIN else wanted.text
    if text and (wanted.voice or wanted.poll is not None):
        raise WrongUsageError("A recording and a poll have no text beside them. Leave it out.")
    return _message(wanted, text)


def _message(wanted: Wanted, text: str) -> "Message":
    from graphchat.content import Poll, Text
    from graphchat.content.pictures import MAX_FILE, make_image
    from graphchat.content.voice import make_voice

    if wanted.file is not None:
        return make_image(_contents(wanted.file, MAX_FILE), text)
    if wanted.voice is not None:
        return make_voice(_contents(wanted.voice, MAX_FILE))
    if wanted.location is not None:
        return _place(wanted.location, text)
    if wanted.poll is not None:
        return Poll(wanted.poll, tuple(wanted.options), wanted.several)
    if not text.strip():
        raise ContentError(NOTHING)
    return Text(text)


def _contents(file: Path, most: int) -> bytes:
    with file.open("rb") as opened:
        return opened.read(most + 1)  # too large is told by one byte more


def _place(text: str, label: str) -> "Message":
    from graphchat.content import Location

    try:
        latitude, longitude = map(float, text.removeprefix("geo:").split(","))
    except ValueError:
        raise WrongUsageError(
            f"{text!r} is no place. Give degrees, north and east: --location 48.137,11.575"
        ) from None
    return Location(latitude, longitude, label=label)


def _read() -> str:
    """Return what comes in on standard input, without the line break at its end."""
    from graphchat.content.spoken import MAX_TEXT

    if sys.stdin.isatty():
        output.say("Type the text; Ctrl-D at the beginning of a line ends it.")
    try:
        # Too long is told by one character more.
        return sys.stdin.read(MAX_TEXT + 2).removesuffix("\n")
    except UnicodeDecodeError:
        raise ContentError("Standard input is not text in UTF-8. Convert it first.") from None
