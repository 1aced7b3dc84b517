"""What a bot writes down: what failed and where, never what was said or by whom."""

import logging
import os
import sys
import traceback
from base64 import b32encode
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from hashlib import sha256
from typing import Any, Final, Literal

import structlog

from graphchat.errors import GraphchatError
from graphchat_bots.errors import SettingsError

Level = Literal["info", "warning", "error"]

FORMAT: Final = "GRAPHCHAT_BOT_LOG"
LEVEL: Final = "GRAPHCHAT_BOT_LOG_LEVEL"

handled: Final = ContextVar("handled", default="")
"""The id of the event that is being handled in this task."""

HIDDEN: Final = "(hidden)"
MAX_CAUSES: Final = 8
# Words that stand for content, people or keys in the logs of handlers.
_PRIVATE: Final = frozenset(
    {
        "address", "args", "arguments", "body", "caption", "contact", "content", "data",
        "image", "invitation", "key", "link", "message", "msg", "name", "passphrase",
        "password", "secret", "sender", "text", "token", "uri", "url",
    }
)  # fmt: skip


def note(level: Level, event: str, **facts: object) -> None:
    """Write down what happened. A log that cannot be written never stops a bot."""
    with suppress(Exception):
        getattr(structlog.get_logger("graphchat_bots"), level)(event, **facts)


def configure() -> None:
    """Log to standard error with `redact`, unless the program has configured structlog."""
    if structlog.is_configured():
        return
    as_json = _choice(FORMAT, ("json", "text"), "text" if _is_terminal() else "json") == "json"
    least = _choice(LEVEL, ("debug", "info", "warning", "error"), "info")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            refer,
            redact,
            structlog.processors.JSONRenderer(default=lambda _: HIDDEN)
            if as_json
            else structlog.dev.ConsoleRenderer(colors=_is_terminal()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, least.upper())),
        logger_factory=_Stderr,
    )


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _choice(variable: str, choices: Sequence[str], usual: str) -> str:
    chosen = os.environ.get(variable) or usual
    if chosen not in choices:
        raise SettingsError(f"{variable} is {chosen!r}; it can be {', '.join(choices)}.")
    return chosen


def reference(event_id: str) -> str:
    """Return what the chat, the log and the dead letter call an event that has failed."""
    code = b32encode(sha256(b"gc/1 bot reference" + event_id.encode()).digest()[:5]).decode()
    return f"{code[:4]}-{code[4:]}"


def refer(
    logger: object, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Add the reference of the event that is being handled. A structlog processor."""
    if id_ := handled.get():
        event.setdefault("reference", reference(id_))
    return event


class _Stderr:
    """Writes to the standard error of the moment, which may be another than at the start."""

    def __init__(self, *names: object) -> None:
        self.debug = self.info = self.warning = self.error = self.critical = self._write

    def _write(self, line: str) -> None:
        sys.stderr.write(f"{line}\n")


def redact(
    logger: object, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Hide what a handler logs under a name that stands for content. A structlog processor."""
    for name, value in event.items():
        if name.casefold() in _PRIVATE:
            event[name] = HIDDEN
        elif isinstance(value, BaseException):
            event[name] = describe(value)
    if (error := event.pop("exc_info", None)) is not None:
        found = sys.exc_info()[1] if error is True else error
        event["traceback"] = describe(found) if isinstance(found, BaseException) else HIDDEN
    return event


def describe(error: BaseException) -> str:
    """Return the traceback of ``error`` and its causes, without their texts.

    Texts of errors quote what was said: `int("my secret")` does. Those of the library do not.
    """
    return "\n".join(_lines(error))


def _lines(error: BaseException) -> Iterator[str]:
    for cause in _causes(error):
        text = f": {cause}" if isinstance(cause, GraphchatError) else ""
        yield f"{type(cause).__module__}.{type(cause).__qualname__}{text}"
        for frame in traceback.extract_tb(cause.__traceback__):
            yield f"  {frame.filename}:{frame.lineno} in {frame.name}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error, what it came of, and the errors of its group, if it is one."""
    waiting: list[BaseException | None] = [error]
    seen = 0
    while waiting and seen < MAX_CAUSES:
        if (cause := waiting.pop(0)) is None:
            continue
        yield cause
        seen += 1
        hidden = cause.__suppress_context__
        waiting.append(cause.__cause__ or (None if hidden else cause.__context__))
        if isinstance(cause, BaseExceptionGroup):
            waiting += cause.exceptions
