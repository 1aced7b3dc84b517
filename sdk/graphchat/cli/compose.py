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
    from graphchat.client import LocalFile
    from graphchat.content import Message

STDIN: Final = "-"
NOTHING: Final = (
    "There is nothing to send. Give a text, or --file, --voice, --location, --poll, --choices or"
    " --form."
)
OPTIONS: Final = "--option belongs to --poll and --choices, --several to --poll."


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
    choices: str | None = None
    form: str | None = None
    fields: Sequence[str] = ()
    original: bool = False


def compose(wanted: Wanted) -> "Message | LocalFile":
    """Return the message. Raises `ContentError`, and `WrongUsageError` for what cannot be both."""
    kinds = {
        "--file": wanted.file,
        "--voice": wanted.voice,
        "--location": wanted.location,
        "--poll": wanted.poll,
        "--choices": wanted.choices,
        "--form": wanted.form,
    }
    chosen = [name for name, value in kinds.items() if value is not None]
    if len(chosen) > 1:
        raise WrongUsageError(f"A message is one thing. Choose one of {' and '.join(chosen)}.")
    _check(wanted)
    text = _read() if wanted.text == STDIN else wanted.text
    if text and set(chosen) & {"--voice", "--poll", "--choices", "--form"}:
        raise WrongUsageError(f"There is no text beside {chosen[0]}. Leave it out.")
    return _message(wanted, text)


def _check(wanted: Wanted) -> None:
    """Raise `WrongUsageError` for options that belong to others that are not there."""
    if wanted.options and wanted.poll is None and wanted.choices is None:
        raise WrongUsageError(OPTIONS)
    if wanted.several and wanted.poll is None:
        raise WrongUsageError(OPTIONS)
    if wanted.fields and wanted.form is None:
        raise WrongUsageError("--field belongs to --form.")
    if wanted.original and wanted.file is None:
        raise WrongUsageError("--original belongs to --file.")


def _message(wanted: Wanted, text: str) -> "Message | LocalFile":  # noqa: PLR0911 - a table
    from graphchat.cli import asking
    from graphchat.content import Poll, Text
    from graphchat.content.pictures import MAX_FILE
    from graphchat.content.voice import make_voice

    if wanted.file is not None:
        return _file(wanted.file, text, original=wanted.original)
    if wanted.voice is not None:
        return make_voice(_contents(wanted.voice, MAX_FILE))
    if wanted.location is not None:
        return _place(wanted.location, text)
    if wanted.poll is not None:
        return Poll(wanted.poll, tuple(wanted.options), wanted.several)
    if wanted.choices is not None:
        return asking.buttons(wanted.choices, list(wanted.options))
    if wanted.form is not None:
        return asking.form(wanted.form, list(wanted.fields))
    if not text.strip():
        raise ContentError(NOTHING)
    return Text(text)


def _file(file: Path, text: str, *, original: bool) -> "Message | LocalFile":
    """Return a safe picture, if it is one and may be changed, and else the file as it is."""
    from graphchat.client.files.disk import is_picture
    from graphchat.client.files.records import LocalFile
    from graphchat.content.pictures import MAX_FILE, make_image

    if original or not is_picture(file):
        return LocalFile(file, text)
    return make_image(_contents(file, MAX_FILE), text)


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
