"""The events of one profile, from rows to the types of `graphchat.client.events`."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

from graphchat.client import stored
from graphchat.client.contact import Contact, decode
from graphchat.client.engine import Engine
from graphchat.client.events import (
    Alarm,
    ContactEstablished,
    ContactFailed,
    ContactRequested,
    ControlReceived,
    Event,
    MessageDelivered,
    MessageReceived,
    RelayFailed,
)
from graphchat.client.request import Request
from graphchat.core import record
from graphchat.core.effects import Danger
from graphchat.errors import NotFoundError
from graphchat.ids import MessageId
from graphchat.store import Cursor

PAGE: Final = 64


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
        read = partial(_rows, self._profile, after, max(limit, 0))
        events: list[Event] = []
        for row_id, data in await self._engine.context.database.read(read):
            event = await self._event(row_id, record.load_any(data, stored.EventRecord))
            if event is None:
                await self.acknowledge([row_id])
            else:
                events.append(event)
        return events

    async def wait(self, after: int) -> None:
        """Return when there is an unacknowledged event with an id above ``after``."""
        news = self._engine.context.news[self._profile]
        read = partial(_rows, self._profile, after, 1)
        while True:
            count = news.count
            if await self._engine.context.database.read(read):
                return
            await news.wait(count)

    async def acknowledge(self, ids: Sequence[int]) -> None:
        """Forget events: they were handled."""
        numbers = [(number,) for number in ids]
        await self._engine.context.database.write(partial(_forget, numbers))

    async def _event(  # noqa: PLR0911 - a table
        self, row_id: int, found: stored.EventRecord
    ) -> Event | None:
        """Return what is told the application; None if the contact is gone."""
        try:
            contact = Contact(self._engine, await self._engine.live(found.connection))
        except NotFoundError:
            return None
        match found:
            case stored.MessageRecord(control=True):
                return ControlReceived(row_id, contact, decode(found.payload))
            case stored.MessageRecord():
                return MessageReceived(
                    row_id,
                    contact,
                    decode(found.payload),
                    MessageId(found.message_id),
                    datetime.fromtimestamp(found.sent_at, UTC),
                )
            case stored.DeliveredRecord(message_ids=ids):
                return MessageDelivered(row_id, contact, tuple(map(MessageId, ids)))
            case stored.RequestedRecord(text=text):
                return ContactRequested(row_id, Request(self._engine, contact, text))
            case stored.EstablishedRecord():
                return ContactEstablished(row_id, contact)
            case stored.FailedRecord(reason=reason):
                return ContactFailed(row_id, contact, reason)
            case stored.RelayFailedRecord(relay=relay, ours=ours, why=why):
                return RelayFailed(row_id, contact, relay, ours, why)
            case stored.AlarmRecord(danger=danger):
                return Alarm(row_id, contact, Danger[danger].value)


def _rows(profile: int, after: int, limit: int, cursor: Cursor) -> list[tuple[int, bytes]]:
    return cursor.execute(
        "SELECT id, data FROM client_event WHERE profile_id = ? AND id > ? ORDER BY id LIMIT ?",
        (profile, after, limit),
    ).fetchall()


def _forget(numbers: list[tuple[int]], cursor: Cursor) -> None:
    cursor.executemany("DELETE FROM client_event WHERE id = ?", numbers)
