"""What happened, as lines for people and as objects for programs."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain, groupby
from pathlib import Path
from typing import assert_never

from graphchat.cli import device_events, group_events, pictures, said
from graphchat.cli.output import plain
from graphchat.client import (
    Alarm,
    ContactEstablished,
    ContactFailed,
    ContactRead,
    ContactRekeyed,
    ContactRequested,
    ContactTyping,
    ControlReceived,
    Event,
    FileFailed,
    Introduced,
    IntroductionFailed,
    IntroductionReceived,
    Line,
    MessageDeleted,
    MessageDelivered,
    MessageEdited,
    MessageReceived,
    OffTheRecordRequested,
    ProfileChanged,
    Reacted,
    RelayFailed,
    TimerChanged,
    Voted,
)
from graphchat.client.devices.events import DeviceEvent
from graphchat.client.events import AboutContact
from graphchat.client.groups.events import GroupEvent
from graphchat.content import BotCommands, Message
from graphchat.content.words import kind_of

Record = Mapping[str, object]


def record(event: Event, file: Path | None = None) -> Record:
    """Return what `receive --json` says; ``file`` is where a picture was saved."""
    if isinstance(event, GroupEvent):
        return group_events.record(event)
    if isinstance(event, DeviceEvent):
        return device_events.record(event)
    name, more = _record(event)
    saved = {} if file is None else {"file": str(file)}
    contact = {"contact": event.contact.name, "contact_id": event.contact.id}
    return {"event": name, **contact, **more, **saved}


def line(event: Event, file: Path | None = None, look: said.Look | None = None) -> str:  # noqa: C901, PLR0911, PLR0912 - a table
    """Return what `receive` shows. Nothing in it can disturb a terminal, or look like a line."""
    if isinstance(event, GroupEvent):
        return group_events.line(event, look)
    if isinstance(event, DeviceEvent):
        return device_events.line(event)
    who = plain(event.contact.name)
    match event:
        case MessageReceived(message=message, message_id=name, sent_at=sent_at):
            where = pictures.where(event.contact.name, file, message, name)
            return spoken(who, message, sent_at, where, event.quote, look)
        case ControlReceived(message=message):
            return f"* {who} {_told(message)}"
        case MessageDelivered(message_ids=ids):
            return f"* {who} has {len(ids)} of your messages."
        case ContactRequested(text=text):
            more = f": {said.indented(text)}" if text else "."
            return f"* {who} asks to become a contact (graphchat requests){more}"
        case IntroductionReceived(introduction=found):
            more = f": {said.indented(found.text)}" if found.text else "."
            return f"* {who} introduces {plain(found.name)} (graphchat requests){more}"
        case Introduced(other=other):
            return f"* {who} and {plain(other.name)} have both said yes to each other."
        case IntroductionFailed(name=wanted, suspects=suspects, reason=reason):
            whom = f" Passed on something else: {plain(', '.join(suspects))}." if suspects else ""
            return f"! The introduction to {plain(wanted)}: {plain(reason)}{whom}"
        case OffTheRecordRequested():
            name = shlex.quote(who)
            return f"* {who} asks to talk off the record: graphchat otr {name} --accept"
        case ContactEstablished():
            by = ", ".join(map(plain, event.contact.introduced_by))
            known = f"trust {event.contact.trust}" + (f", introduced by {by}" if by else "")
            return f"* {who} is a contact now ({known})."
        case ContactFailed(reason=reason):
            return f"! {who}: {plain(reason)}"
        case ContactRekeyed(trust=trust):
            return f"* {who} has new keys, by the code (trust {trust})."
        case RelayFailed(relay=relay, ours=ours, why=why):
            return f"! {who}: {_failed(plain(relay), why, ours=ours)}"
        case Alarm(warning=warning):
            return f"! {who}: {plain(warning)}"
        case MessageEdited(message_id=name, message=message):
            where = pictures.where(event.contact.name, None, message, name)
            return f"* {who} edited {_short(name)}: {said.said(message, where)}"
        case MessageDeleted(message_id=name):
            return f"* {who} deleted {_short(name)}."
        case Reacted(message_id=name, emoji=emoji):
            return f"* {who} reacts to {_short(name)}: {plain(emoji) or '(no more)'}"
        case Voted(message_id=name, options=options):
            numbers = ", ".join(str(option + 1) for option in options) or "nothing any more"
            return f"* {who} votes in {_short(name)}: {numbers}"
        case ContactTyping(active=active):
            return f"* {who} {'is typing ...' if active else 'stopped typing.'}"
        case ContactRead(message_id=name):
            return f"* {who} has read everything up to {_short(name)}."
        case ProfileChanged(profile=card):
            status = f" ({plain(card.status)})" if card.status else ""
            return f"* {who} has a new profile: {plain(card.name)}{status}"
        case TimerChanged(seconds=seconds):
            return f"* {who} has chosen: new messages {said.lasting(seconds)}."
        case FileFailed(name=name, reason=reason):
            return f"! {who} does not get {plain(name)}: {plain(reason)}"
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


def spoken(  # noqa: PLR0917 - each is a part of the line
    who: str,
    message: Message,
    at: datetime,
    where: str,
    quote: str = "",
    look: said.Look | None = None,
) -> str:
    """Return a message with its time and speaker; ``where`` says where a picture is.

    ``who`` and ``where`` must be `plain`.
    """
    text = said.quoted(quote, said.said(message, where, look=look))
    return f"{at.astimezone():%Y-%m-%d %H:%M} {who}: {text}"


def shown(me: str, other: str, line: Line, where: str, look: said.Look | None = None) -> str:
    """Return what `history` shows of one message, and of what was said about it."""
    names = {True: me, False: other}
    votes: dict[int, list[str]] = {}
    for ballot in line.votes:
        for option in ballot.options:
            votes.setdefault(option, []).append(names[ballot.outgoing])
    text = said.quoted(line.quote, said.said(line.message, where, votes, look))
    notes = ", ".join(_notes(line))
    marks = "".join(f"\n    {mark.emoji} {plain(names[mark.outgoing])}" for mark in line.reactions)
    head = f"{line.sent_at.astimezone():%Y-%m-%d %H:%M} {plain(names[line.outgoing])}"
    return f"{head}: {text}" + (f" [{notes}]" if notes else "") + marks


def _notes(line: Line) -> Iterator[str]:
    if line.outgoing:
        yield "read" if line.read else line.state
    if line.edited_at is not None:
        yield "edited"
    if line.expires_at is not None:
        yield f"until {said.moment(line.expires_at.timestamp())}"


def line_record(other: str, line: Line, file: Path | None = None) -> Record:
    """Return what `history --json` says of one message."""
    saved = {} if file is None else {"file": str(file)}
    return {
        "contact": other,
        "id": line.id.hex(),
        "outgoing": line.outgoing,
        "state": line.state,
        "sent_at": line.sent_at.isoformat(),
        **said.record(line.message),
        **_about(line),
        **saved,
    }


def _about(line: Line) -> Record:
    """Return what was said about a message since, as far as there is something."""
    found: dict[str, object] = {}
    if line.quote:
        found["quote"] = line.quote
    if line.edited_at is not None:
        found["edited_at"] = line.edited_at.isoformat()
    if line.deleted:
        found["deleted"] = True
    if line.read:
        found["read"] = True
    if line.expires_at is not None:
        found["expires_at"] = line.expires_at.isoformat()
    if line.reactions:
        marks = [{"outgoing": mark.outgoing, "emoji": mark.emoji} for mark in line.reactions]
        found["reactions"] = marks
    if line.votes:
        votes = [{"outgoing": each.outgoing, "options": each.options} for each in line.votes]
        found["votes"] = votes
    return found


def save(event: Event, folder: Path) -> Path | None:
    """Write the picture that came with ``event``, if one did; see `pictures.save`."""
    match event:
        case MessageReceived(message=message, message_id=message_id):
            return pictures.save(message, message_id, folder)
        case _:
            return None


def _record(event: AboutContact) -> tuple[str, Record]:  # noqa: C901, PLR0911, PLR0912 - a table
    match event:
        case MessageReceived(message=message, message_id=message_id, sent_at=sent_at):
            head = {"id": message_id.hex(), "sent_at": sent_at.isoformat()}
            quote = {"quote": event.quote} if event.quote else {}
            return "message", {**head, **said.record(message), **quote}
        case ControlReceived(message=message):
            return "control", said.record(message)
        case MessageDelivered(message_ids=ids):
            return "delivered", {"ids": [each.hex() for each in ids]}
        case ContactRequested(text=text):
            return "request", {"text": text}
        case IntroductionReceived(introduction=found):
            return "introduction", {"id": found.id, "name": found.name, "text": found.text}
        case Introduced(other=other):
            return "introduced", {"other": other.name, "other_id": other.id}
        case IntroductionFailed(name=who, suspects=suspects, reason=reason):
            about = {"name": who, "suspects": list(suspects), "reason": reason}
            return "introduction_failed", about
        case OffTheRecordRequested():
            return "off_the_record", {}
        case ContactEstablished():
            return "established", {"trust": event.contact.trust}
        case ContactFailed(reason=reason):
            return "failed", {"reason": reason}
        case ContactRekeyed(trust=trust):
            return "rekeyed", {"trust": trust}
        case RelayFailed(relay=relay, ours=ours, why=why):
            return "relay_failed", {"relay": relay, "ours": ours, "why": why}
        case Alarm(warning=warning):
            return "alarm", {"warning": warning}
        case MessageEdited(message_id=name, message=message):
            return "edited", {"id": name.hex(), **said.record(message)}
        case MessageDeleted(message_id=name):
            return "deleted", {"id": name.hex()}
        case Reacted(message_id=name, emoji=emoji):
            return "reaction", {"id": name.hex(), "emoji": emoji}
        case Voted(message_id=name, options=options):
            return "vote", {"id": name.hex(), "options": list(options)}
        case ContactTyping(active=active):
            return "typing", {"active": active}
        case ContactRead(message_id=name):
            return "read", {"id": name.hex()}
        case ProfileChanged(profile=card):
            return "profile", {"name": card.name, "status": card.status, "bio": card.bio}
        case TimerChanged(seconds=seconds):
            return "timer", {"seconds": seconds}
        case FileFailed(message_id=message_id, name=name, reason=reason):
            return "file_failed", {"id": message_id.hex(), "name": name, "reason": reason}
        case _:
            assert_never(event)


def _told(message: Message) -> str:
    match message:
        case BotCommands(commands=commands):
            names = " ".join(f"/{plain(each.name)}" for each in commands)
            return f"understands {names or 'no commands'}"
        case _:
            return f"told your program something ({plain(kind_of(message))})."


def _failed(relay: str, why: str, *, ours: bool) -> str:
    whose = "Your relay" if ours else "The relay"
    if why in {"alters", "loses"}:
        what = "has changed" if why == "alters" else "does not have"
        return f"{whose} {relay} {what} a part of a file; another relay had it."
    what = "loses messages that it has confirmed" if why == "drops" else "does not answer"
    return f"{whose} {relay} {what}. Another takes its place; nothing is lost."


def _short(message_id: bytes) -> str:
    return message_id.hex()[:8]
