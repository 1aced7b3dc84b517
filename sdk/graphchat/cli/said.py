"""Messages in words, for people who read them in a terminal or a file, and as objects.

Nothing that is returned here can disturb a terminal, or look like the line of somebody else.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from msgspec import to_builtins

from graphchat.cli.output import plain, span
from graphchat.content import (
    BotCommands,
    Choice,
    Choices,
    File,
    Form,
    FormAnswer,
    Image,
    Location,
    Message,
    Poll,
    Text,
    Timer,
    Unknown,
    Voice,
)
from graphchat.content.words import kind_of, text_of

Record = Mapping[str, object]
Votes = Mapping[int, Sequence[str]]
"""Names of those who voted, by the number of the option."""


class Look(Protocol):
    """What a terminal shows better than words do; see `graphchat.cli.terminal`."""

    def text(self, text: str) -> str: ...
    def picture(self, image: Image) -> str: ...


def said(
    message: Message,
    where: str = "",
    votes: Votes | None = None,
    look: Look | None = None,
) -> str:
    """Return a message in words; ``where`` says where what it carries is, and must be `plain`."""
    if look is None:
        return "\n    ".join(_lines(message, where, votes or {}))
    match message:
        case Text(text=text):
            return look.text(text)
        case Image():
            return "\n    ".join(filter(None, [_carried(message, where), look.picture(message)]))
        case _:
            return "\n    ".join(_lines(message, where, votes or {}))


def quoted(quote: str, text: str) -> str:
    """Return ``text`` below the first line of what it replies to."""
    first = plain(quote.strip().split("\n")[0])
    return f"> {first}\n    {text}" if first else text


def indented(text: str) -> str:
    # A line break in a text must not begin what looks like the line of somebody else.
    return plain(text, lines=True).replace("\n", "\n    ")


def size(count: int) -> str:
    """Say how many bytes there are."""
    value, unit = float(count), "bytes"
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "bytes" or value >= 100 else f"{value:.1f} {unit}"


def lasting(seconds: int) -> str:
    """Say how long messages last."""
    return f"disappear after {span(seconds)}" if seconds else "stay"


def record(message: Message) -> Record:
    """Return what `--json` says of a message: its type, its words, and what it carries."""
    head = {"type": kind_of(message), "text": text_of(message)}
    reply_to: bytes = getattr(message, "reply_to", b"")
    reply = {"reply_to": reply_to.hex()} if reply_to else {}
    return {**head, **_record(message), **reply}


def _lines(message: Message, where: str, votes: Votes) -> Iterator[str]:  # noqa: C901 - a table
    match message:
        case Text(text=text):
            yield indented(text)
        case Image() | Voice() | File():
            yield _carried(message, where)
        case Location():
            yield _placed(message)
        case Choices(question=question, options=options, fallback=fallback):
            yield indented(question)
            yield from (
                [indented(fallback)]
                if fallback
                else _numbered([option.label for option in options], {})
            )
        case Choice(text=text):
            yield f"(chose) {plain(text)}"
        case Poll(question=question, options=labels):
            yield f"(poll{_closing(message)}) {indented(question)}"
            yield from _numbered(labels, votes)
        case Form(title=title, fields=fields):
            yield f"(form) {indented(title)}"
            for field in fields:
                needed = "" if field.required else ", optional"
                choices = f": {', '.join(map(plain, field.choices))}" if field.choices else ""
                yield f"{field.name} ({field.kind}{needed}{choices}): {plain(field.label)}"
        case FormAnswer(values=values):
            yield "(filled in)"
            yield from (f"{name}: {indented(_value(value))}" for name, value in values.items())
        case Timer(seconds=seconds):
            yield f"(messages {lasting(seconds)} from here on)"
        case Unknown(type="deleted"):
            yield "(deleted)"
        case _:
            yield f"({plain(kind_of(message))}: not supported by this version)"


def _carried(message: Image | Voice | File, where: str) -> str:
    if isinstance(message, File):
        kind = f", {plain(message.mime)}" if message.mime else ""
        head = f"(file {plain(message.name)}, {size(message.size)}{kind}, {where})"
        return f"{head} {indented(message.description)}" if message.description else head
    kilobytes = max(1, len(message.data) // 1024)
    if isinstance(message, Voice):
        seconds = round(message.duration_ms / 1000)
        return f"(recording, {seconds // 60}:{seconds % 60:02}, {kilobytes} KiB, {where})"
    head = f"(picture, {message.width} x {message.height}, {kilobytes} KiB, {where})"
    return f"{head} {indented(message.caption)}" if message.caption else head


def _placed(place: Location) -> str:
    within = f", within {place.accuracy:g} m" if place.accuracy else ""
    label = f" {plain(place.label)}" if place.label else ""
    return f"(place{within}) geo:{place.latitude:.6f},{place.longitude:.6f}{label}"


def _numbered(labels: Sequence[str], votes: Votes) -> Iterator[str]:
    for number, label in enumerate(labels):
        voters = ", ".join(map(plain, votes.get(number, ())))
        yield f"{number + 1}) {plain(label)}" + (f" <- {voters}" if voters else "")


def _closing(poll: Poll) -> str:
    several = ", several answers" if poll.several else ""
    if not poll.closes_ms:
        return several
    return f"{several}, until {moment(poll.closes_ms / 1000)}"


def moment(seconds: float) -> str:
    """Return a time of the clock here; one that no calendar has is for ever."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return "for ever"


def _value(value: object) -> str:
    match value:
        case True:
            return "yes"
        case False:
            return "no"
        case _:
            return str(value)


def _record(message: Message) -> Record:  # noqa: C901, PLR0911 - a table
    match message:
        case Image():
            size = {"width": message.width, "height": message.height, "size": len(message.data)}
            return {"mime": message.mime, **size}
        case Voice():
            return {"duration_ms": message.duration_ms, "size": len(message.data)}
        case File():
            more = {"name": message.name, "mime": message.mime, "size": message.size}
            return {**more, "sha256": message.sha256.hex()}
        case Location():
            place = {"latitude": message.latitude, "longitude": message.longitude}
            return {**place, "accuracy": message.accuracy}
        case Choices(options=options):
            return {"options": [{"id": each.id, "label": each.label} for each in options]}
        case Choice():
            return {"target": message.target.hex(), "option": message.option}
        case Poll():
            more = {"several": message.several, "closes_ms": message.closes_ms}
            return {"options": list(message.options), **more}
        case Form(fields=fields):
            return {"fields": to_builtins(fields)}
        case FormAnswer():
            return {"target": message.target.hex(), "values": dict(message.values)}
        case Timer(seconds=seconds):
            return {"seconds": seconds}
        case BotCommands(commands=commands):
            return {"commands": {each.name: each.help for each in commands}}
        case _:
            return {}
