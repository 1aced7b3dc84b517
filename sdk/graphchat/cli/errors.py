"""Errors as a person reads them: one line that says what happened and what to do."""

import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import typer

from graphchat.cli.output import say
from graphchat.errors import GraphchatError

DEBUG: Final = "GRAPHCHAT_DEBUG"
"""The environment variable that shows tracebacks."""

FAILED: Final = 1
WRONG_USAGE: Final = 2
INTERRUPTED: Final = 130

# Global options, which stand before the command.
_GLOBAL: Final = ("--home", "--profile")


class MissingPartError(GraphchatError):
    """A part of graphchat is not installed."""


class WrongUsageError(GraphchatError):
    """Options of a command contradict each other."""


def report(error: BaseException) -> int:
    """Say what went wrong, on stderr; return the exit status."""
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    lines = list(dict.fromkeys(_sentence(each) for each in _causes(error)))
    for line in filter(None, lines):
        say(line)
    return _status(error)


def _status(error: BaseException) -> int:
    if isinstance(error, typer.TyperException):
        return error.exit_code
    if isinstance(error, WrongUsageError):
        return WRONG_USAGE
    # A prompt turns Ctrl-C into `typer.Abort`, and keeps what it was.
    interrupted = isinstance(error, KeyboardInterrupt) or isinstance(
        error.__context__, KeyboardInterrupt
    )
    return INTERRUPTED if interrupted else FAILED


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors that a group of tasks ended with, or the error itself."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _causes(each)
    else:
        yield error


def _sentence(error: BaseException) -> str:  # noqa: PLR0911 - a table
    match error:
        case typer.TyperException():
            return _usage(error)
        case GraphchatError():
            return " ".join(str(error).split())
        case ModuleNotFoundError(name=str(name)) if not name.startswith("graphchat"):
            return f"The library {name} is not installed. Install the part that needs it."
        case BrokenPipeError():
            return ""  # whoever reads has enough
        case OSError(strerror=str(reason), filename=str() | os.PathLike() as place):
            return f"{Path(place)}: {reason}."
        case OSError(strerror=str(reason)):
            return f"The system refused: {reason}."
        case typer.Abort():
            return "Stopped; nothing was changed."
        case KeyboardInterrupt():
            return ""
        case _:
            return _bug(error)


def _usage(error: typer.TyperException) -> str:
    """Return what is wrong with the words of a command; empty if its help was shown."""
    message = error.format_message().strip()
    context = getattr(error, "ctx", None)
    if not message or context is None:
        return message
    option = getattr(error, "option_name", None)
    if option in _GLOBAL and context.parent is not None:
        return f"{option} stands before the command: graphchat {option} ..."
    text = " ".join(message.split())
    end = "" if text.endswith((".", "?")) else "."
    return f"{text}{end} See: {context.command_path} --help"


def _bug(error: BaseException) -> str:
    # Its text may quote a message or a key: the kind says enough until somebody looks.
    kind = type(error).__name__
    if os.environ.get(DEBUG):
        return f"This is a bug in graphchat ({kind}). Please report it."
    return f"This is a bug in graphchat ({kind}). Set {DEBUG}=1 to see where, and report it."


def interrupted() -> int:
    """Leave the line that shows ``^C``; return the exit status."""
    leave_line()
    return INTERRUPTED


def leave_line() -> None:
    """End the line on which a terminal shows ``^C``."""
    if sys.stderr.isatty():
        say("")
