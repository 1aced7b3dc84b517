"""The events of one profile, from rows to the types of `graphchat.client.events`."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from graphchat.client import history, stored
from graphchat.client.contact import Contact
from graphchat.client.devices import told as device_events
from graphchat.client.devices.records import OfDevices
from graphchat.client.engine import Engine
from graphchat.client.events import (
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
from graphchat.client.groups import records, telling
from graphchat.client.history import decode
from graphchat.client.indicators import TYPING_LASTS
from graphchat.client.introduction import Introduction
from graphchat.client.request import Request
from graphchat.content import Message
from graphchat.core import record
from graphchat.core.effects import Danger
from graphchat.errors import NotFoundError, StateError
from graphchat.ids import MessageId
from graphchat.store import Cursor

PAGE: Final = 64


@dataclass(frozen=True, slots=True)
class _Told:
    """An event as it is stored, with the message that it is about, if that is still there."""

    id: int
    record: stored.EventRecord
    message: Message | None = None
    quote: str = ""


class Stream:
    """What happened to one profile and was not acknowledged."""

    def __init__(self, engine: Engine, profile: int) -> None:
        self._engine: Final = engine
        self._profile: Final = profile

    async def events(self) -> AsyncIterator[Event]:
        """Yield what happens, for ever. Asking for the next event acknowledges the one before."""
        last = 0
        while True:
            await self.wait(last)
            for event in await self.pending(last, PAGE):
                yield event
                last = event.id
                await self.acknowledge([event.id])

    async def pending(self, after: int, limit: int) -> list[Event]:
        """Return unacknowledged events with ids above ``after``, at most ``limit``."""
        context = self._engine.context
        after = context.passing.row(after)
        read = partial(_told, self._profile, after, max(limit, 0))
        events: list[Event] = []
        for passing in context.passing.take(self._profile, after):
            events += await self._passing(*passing)
        for told in await context.database.read(read):
            event = await self._event(told)
            if event is None:
                await self.acknowledge([told.id])
            else:
                events.append(event)
        return events

    async def _passing(self, name: int, connection: int) -> list[Event]:
        """Return what is told of a connection and never stored, if it is still so."""
        with suppress(NotFoundError):
            contact = Contact(self._engine, await self._engine.live(connection))
            if contact.asks_off_the_record:
                return [OffTheRecordRequested(name, contact)]
        return []

    async def wait(self, after: int) -> None:
        """Return when there is an unacknowledged event with an id above ``after``."""
        news = self._engine.context.news[self._profile]
        passing = self._engine.context.passing
        read = partial(_rows, self._profile, passing.row(after), 1)
        while True:
            count = news.count
            if passing.waits(self._profile):
                return
            if await self._engine.context.database.read(read):
                return
            await news.wait(count)

    async def acknowledge(self, ids: Sequence[int]) -> None:
        """Forget events: they were handled."""
        numbers = [(number,) for number in ids]
        await self._engine.context.database.write(partial(_forget, numbers))

    async def _event(  # noqa: C901, PLR0911, PLR0912 - a table
        self, told: _Told
    ) -> Event | None:
        """Return what is told the application; None if that is gone, or over."""
        row_id, found = told.id, told.record
        if isinstance(found, OfDevices):
            return await device_events.event(self._engine, row_id, found)
        if isinstance(found, records.OfGroup):
            return await telling.event(self._engine, row_id, found)
        try:
            contact = Contact(self._engine, await self._engine.live(found.connection))
        except NotFoundError:
            return None
        match found:
            case stored.MessageRecord(control=True, payload=payload):
                return ControlReceived(row_id, contact, decode(payload))
            case stored.MessageRecord(message_id=name, sent_at=sent_at):
                if told.message is None:
                    return None
                moment, name = datetime.fromtimestamp(sent_at, UTC), MessageId(name)
                return MessageReceived(row_id, contact, told.message, name, moment, told.quote)
            case stored.EditedRecord(message_id=name):
                if told.message is None:
                    return None
                return MessageEdited(row_id, contact, MessageId(name), told.message)
            case stored.DeletedRecord(message_id=name):
                return MessageDeleted(row_id, contact, MessageId(name))
            case stored.ReactedRecord(message_id=name, emoji=emoji):
                return Reacted(row_id, contact, MessageId(name), emoji)
            case stored.VotedRecord(message_id=name, options=options):
                return Voted(row_id, contact, MessageId(name), options)
            case stored.TypingRecord(active=active, said_at=said_at):
                over = said_at + TYPING_LASTS < self._engine.context.clock.now()
                return None if over else ContactTyping(row_id, contact, active)
            case stored.ReadRecord(message_id=name):
                return ContactRead(row_id, contact, MessageId(name))
            case stored.ProfileRecord(before=before, after=after):
                return ProfileChanged(row_id, contact, before, after)
            case stored.TimerRecord(seconds=seconds):
                return TimerChanged(row_id, contact, seconds)
            case stored.FileFailedRecord(message_id=name, name=file, reason=reason):
                return FileFailed(row_id, contact, MessageId(name), file, reason)
            case stored.DeliveredRecord(message_ids=ids):
                return MessageDelivered(row_id, contact, tuple(map(MessageId, ids)))
            case stored.RequestedRecord(text=text):
                return ContactRequested(row_id, Request(self._engine, contact, text))
            case stored.EstablishedRecord():
                return ContactEstablished(row_id, contact)
            case stored.IntroductionRecord(number=number):
                with suppress(StateError):
                    return IntroductionReceived(
                        row_id, Introduction(self._engine, number, contact)
                    )
                return None
            case stored.IntroducedRecord(other=other):
                if (second := await self._engine.find(other)) is None:
                    return None
                return Introduced(row_id, contact, Contact(self._engine, second))
            case stored.IntroductionFailedRecord(name=name, suspects=suspects, reason=reason):
                return IntroductionFailed(row_id, contact, name, suspects, reason)
            case stored.FailedRecord(reason=reason):
                return ContactFailed(row_id, contact, reason)
            case stored.RekeyedRecord(trust=trust):
                return ContactRekeyed(row_id, contact, trust)
            case stored.RelayFailedRecord(relay=relay, ours=ours, why=why):
                return RelayFailed(row_id, contact, relay, ours, why)
            case records.GroupInvitedRecord():
                return telling.invited(self._engine, row_id, contact, found)
            case stored.AlarmRecord(danger=danger):
                return Alarm(row_id, contact, Danger[danger].value)


def _told(profile: int, after: int, limit: int, cursor: Cursor) -> list[_Told]:
    """Return events with what the history says of their messages now."""
    found = []
    for row_id, data in _rows(profile, after, limit, cursor):
        event = record.load_any(data, stored.EventRecord)
        told = _Told(row_id, event)
        match event:
            case stored.MessageRecord(control=False) | stored.EditedRecord():
                told = _with_message(told, event, cursor)
            case _:
                pass
        found.append(told)
    return found


def _with_message(
    told: _Told, event: stored.MessageRecord | stored.EditedRecord, cursor: Cursor
) -> _Told:
    row = cursor.execute(
        "SELECT data FROM client_message WHERE connection_id = ? AND NOT outgoing"
        " AND msg_id = ? AND deleted_at IS NULL",
        (event.connection, event.message_id),
    ).fetchone()
    # Homes of version 0.1.0 had the payload in the event.
    payload = row[0] if row else getattr(event, "payload", b"")
    if not payload:
        return told
    message = decode(payload)
    quote = history.quoted(event.connection, message, False, cursor)  # noqa: FBT003 - theirs
    return _Told(told.id, told.record, message, quote)


def _rows(profile: int, after: int, limit: int, cursor: Cursor) -> list[tuple[int, bytes]]:
    return cursor.execute(
        "SELECT id, data FROM client_event WHERE profile_id = ? AND id > ? ORDER BY id LIMIT ?",
        (profile, after, limit),
    ).fetchall()


def _forget(numbers: list[tuple[int]], cursor: Cursor) -> None:
    cursor.executemany("DELETE FROM client_event WHERE id = ?", numbers)
