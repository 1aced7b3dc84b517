"""What happened, as lines for people and as objects for programs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain, groupby
from pathlib import Path
from typing import assert_never

from graphchat.cli import pictures
from graphchat.cli.output import plain
from graphchat.client import (
    Alarm,
    ContactEstablished,
    ContactFailed,
    ContactRequested,
    ControlReceived,
    Event,
    Line,
    MessageDelivered,
    MessageReceived,
    RelayFailed,
)
from graphchat.client.apply import kind_of_message, text_of
from graphchat.content import BotCommands, Image, Message, Text

Record = Mapping[str, object]


def record(event: Event, file: Path | None = None) -> Record:
    """Return what `receive --json` says; ``file`` is where a picture was saved."""
    name, more = _record(event)
    saved = {} if file is None else {"file": str(file)}
    contact = {"contact": event.contact.name, "contact_id": event.contact.id}
    return {"event": name, **contact, **more, **saved}


def line(event: Event, file: Path | None = None) -> str:  # noqa: PLR0911 - a table
    """Return what `receive` shows. Nothing in it can disturb a terminal, or look like a line."""
    who = plain(event.contact.name)
    match event:
        case MessageReceived(message=message, sent_at=sent_at):
            return spoken(who, message, sent_at, pictures.where(event.contact.name, file))
        case ControlReceived(message=message):
            return f"* {who} {_told(message)}"
        case MessageDelivered(message_ids=ids):
            return f"* {who} has {len(ids)} of your messages."
        case ContactRequested(text=text):
            said = f": {_indented(text)}" if text else "."
            return f"* {who} asks to become a contact (graphchat requests){said}"
        case ContactEstablished():
            return f"* {who} is a contact now."
        case ContactFailed(reason=reason):
            return f"! {who}: {plain(reason)}"
        case RelayFailed(relay=relay, ours=ours, why=why):
            return f"! {who}: {_failed(plain(relay), why, ours=ours)}"
        case Alarm(warning=warning):
            return f"! {who}: {plain(warning)}"
        case _:
            assert_never(event)


def joined(found: Sequence[Event]) -> Iterator[tuple[Event, list[int]]]:
    """Yield events with their ids; receipts of one contact in a row are one event."""
    for _, run in groupby(found, _alike):
        row = list(run)
        event = row[-1]
        if isinstance(event, MessageDelivered):
            receipts = [each for each in row if isinstance(each, MessageDelivered)]
            ids = tuple(chain.from_iterable(each.message_ids for each in receipts))
            event = replace(event, message_ids=ids)
        yield event, [each.id for each in row]


def _alike(event: Event) -> object:
    return event.contact if isinstance(event, MessageDelivered) else event.id


def spoken(who: str, message: Message, at: datetime, where: str) -> str:
    """Return a message with its time and speaker; ``where`` says where a picture is.

    ``who`` and ``where`` must be `plain`.
    """
    return f"{at.astimezone():%Y-%m-%d %H:%M} {who}: {_said(message, where)}"


def content(message: Message) -> Record:
    """Return what `--json` says of a message: its type, its words, and what it carries."""
    said = {"type": kind_of_message(message), "text": text_of(message)}
    match message:
        case Image():
            size = {"width": message.width, "height": message.height, "size": len(message.data)}
            return {**said, "mime": message.mime, **size}
        case BotCommands(commands=commands):
            return {**said, "commands": {each.name: each.help for each in commands}}
        case _:
            return said


def line_record(other: str, line: Line, file: Path | None = None) -> Record:
    """Return what `history --json` says of one message."""
    saved = {} if file is None else {"file": str(file)}
    return {
        "contact": other,
        "id": line.id.hex(),
        "outgoing": line.outgoing,
        "state": line.state,
        "sent_at": line.sent_at.isoformat(),
        **content(line.message),
        **saved,
    }


def save(event: Event, folder: Path) -> Path | None:
    """Write the picture that came with ``event``, if one did; see `pictures.save`."""
    match event:
        case MessageReceived(message=message, message_id=message_id):
            return pictures.save(message, message_id, folder)
        case _:
            return None


def _record(event: Event) -> tuple[str, Record]:  # noqa: PLR0911 - a table
    match event:
        case MessageReceived(message=message, message_id=message_id, sent_at=sent_at):
            head = {"id": message_id.hex(), "sent_at": sent_at.isoformat()}
            return "message", {**head, **content(message)}
        case ControlReceived(message=message):
            return "control", content(message)
        case MessageDelivered(message_ids=ids):
            return "delivered", {"ids": [each.hex() for each in ids]}
        case ContactRequested(text=text):
            return "request", {"text": text}
        case ContactEstablished():
            return "established", {}
        case ContactFailed(reason=reason):
            return "failed", {"reason": reason}
        case RelayFailed(relay=relay, ours=ours, why=why):
            return "relay_failed", {"relay": relay, "ours": ours, "why": why}
        case Alarm(warning=warning):
            return "alarm", {"warning": warning}
        case _:
            assert_never(event)


def _said(message: Message, where: str) -> str:
    match message:
        case Text(text=text):
            return _indented(text)
        case Image():
            return " ".join(_pictured(message, where))
        case _:
            kind = plain(kind_of_message(message))
            return f"({kind}: not supported by this version)"


def _pictured(picture: Image, where: str) -> Iterator[str]:
    kilobytes = max(1, len(picture.data) // 1024)
    yield f"(picture, {picture.width} x {picture.height}, {kilobytes} KiB, {where})"
    if picture.caption:
        yield _indented(picture.caption)


def _told(message: Message) -> str:
    match message:
        case BotCommands(commands=commands):
            names = " ".join(f"/{plain(each.name)}" for each in commands)
            return f"understands {names or 'no commands'}"
        case _:
            return f"told your program something ({plain(kind_of_message(message))})."


def _failed(relay: str, why: str, *, ours: bool) -> str:
    what = "loses messages that it has confirmed" if why == "drops" else "does not answer"
    whose = "Your relay" if ours else "The relay"
    return f"{whose} {relay} {what}. Another takes its place; nothing is lost."


def _indented(text: str) -> str:
    # A line break in a text must not begin what looks like the line of somebody else.
    return plain(text, lines=True).replace("\n", "\n    ")
