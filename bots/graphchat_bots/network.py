"""The seam towards real relays: the events and contacts of one profile of a client."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, final

from graphchat.client import (
    Alarm,
    Contact,
    ContactEstablished,
    ContactRequested,
    Event,
    MessageEdited,
    MessageReceived,
    OwnProfile,
    Reacted,
    Receipt,
)
from graphchat.content import File, Message, Reaction
from graphchat.errors import CodeError, NotFoundError, StateError
from graphchat.ids import MessageId
from graphchat_bots.files import Files
from graphchat_bots.log import note
from graphchat_bots.parcel import Attachment, Parcel
from graphchat_bots.port import Incoming, Invitation

# Handles of contacts that are kept at hand.
MAX_CONTACTS: Final = 10_000
# Messages that a stop waits for.
MAX_RECEIPTS: Final = 1_000
# What a wide terminal shows of a QR code.
COLUMNS: Final = 120


@final
class NetworkPort:
    """A `Port` over a profile: everything is on the client's disk before it is here."""

    def __init__(
        self, profile: OwnProfile, folder: Path, online: Callable[[], bool] = lambda: True
    ) -> None:
        self.online: Final = online
        """Says whether a relay is reachable."""
        self._inviting = asyncio.Lock()  # two who ask at once get the same address
        self._profile = profile
        self._files = Files(folder)
        self._brought: dict[str, str] = {}
        self._last = 0
        self._numbers: dict[str, int] = {}
        self._contacts: dict[str, Contact] = {}
        self._receipts: deque[Receipt] = deque(maxlen=MAX_RECEIPTS)

    async def receive(self, limit: int) -> Sequence[Incoming]:
        while True:
            await self._profile.wait_events(self._last)
            events = await self._profile.pending_events(self._last, limit)
            batch = [incoming for event in events if (incoming := self._incoming(event))]
            rest = [event for event in events if _is_for_nobody(event)]
            for event in rest:
                await _take_note(event)
            if rest:
                await self._profile.acknowledge([event.id for event in rest])
            if events:
                self._last = events[-1].id
            if batch:
                return batch

    async def recall(self, id: str) -> Incoming:  # noqa: A002 - as the protocol has it
        number = self._numbers.get(id, 0)
        for event in await self._profile.pending_events(number - 1, 1):
            incoming = self._incoming(event)
            if event.id == number and incoming is not None:
                return incoming
        raise NotFoundError("This event is gone, and its chat too.")

    async def acknowledge(self, ids: Sequence[str]) -> None:
        for id_ in ids:
            if (name := self._brought.pop(id_, None)) is not None:
                self._files.forget(name)
        numbers = [self._numbers[id_] for id_ in ids if id_ in self._numbers]
        await self._profile.acknowledge(numbers)
        for id_ in ids:
            self._numbers.pop(id_, None)

    async def send(self, chat: str, message: Parcel, message_id: bytes) -> None:
        contact, name = await self._contact(chat), MessageId(message_id)
        if isinstance(message, Attachment):
            self._receipts.append(await self._files.send(contact, message, name))
        else:
            self._receipts.append(await contact.post(message, id=name))

    async def fetch(self, chat: str, message_id: bytes, target: Path) -> Path:
        contact, name = await self._contact(chat), MessageId(message_id)
        return await self._files.fetch(contact, name, f"{chat}-{name.hex()}", target)

    async def flush(self, seconds: float) -> None:
        """Wait until a relay has what was sent; what remains leaves at the next start."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                for receipt in self._receipts:
                    await receipt.sent()

    async def invitation(self) -> Invitation:
        async with self._inviting:
            address = await self._profile.current_address()
            if address is None:
                address = await self._profile.create_address(accept_all=True)
        try:
            return Invitation(address.link, address.qr_text(COLUMNS))
        except CodeError:
            return Invitation(address.link, "")  # too much for a terminal; the link does

    def _incoming(self, event: Event) -> Incoming | None:
        match event:
            case MessageReceived(message_id=message_id):
                # The sender chooses the message id; the chat is between us and them alone.
                name, sent_at = f"{event.contact.id}-{message_id.hex()}", event.sent_at.timestamp()
                found = _make(event.contact, name, event.message, sent_at, message_id)
            case Reacted() | MessageEdited():
                found = _about(event)
            case ContactEstablished():
                found = _make(event.contact, f"{event.contact.id}-contact", None, 0.0, b"")
            case _:
                return None
        self._keep(event.contact)
        if isinstance(found.message, File):
            self._brought[found.id] = f"{found.chat}-{found.message_id.hex()}"
        self._numbers[found.id] = event.id
        return found

    def _keep(self, contact: Contact) -> None:
        self._contacts[contact.id] = contact
        if len(self._contacts) > MAX_CONTACTS:
            del self._contacts[next(iter(self._contacts))]

    async def _contact(self, chat: str) -> Contact:
        if chat not in self._contacts:
            # After a start nobody is known; one look finds all.
            for contact in await self._profile.contacts():
                self._keep(contact)
        if chat not in self._contacts:
            return await self._profile.contact(chat)
        return self._contacts[chat]


def _make(
    contact: Contact, name: str, message: Message | None, sent_at: float, message_id: bytes
) -> Incoming:
    card = contact.profile
    return Incoming(
        id=name,
        chat=contact.id,
        sender_id=contact.id,
        sender_name=card.name if card else contact.name,
        kind="contact" if message is None else "message",
        message=message,
        sent_at=sent_at,
        message_id=message_id,
        from_bot=contact.kind == "bot",
    )


def _about(event: Reacted | MessageEdited) -> Incoming:
    """Return what is about an earlier message: only the event has a name of its own."""
    contact, target = event.contact, event.message_id
    name = f"{contact.id}-{target.hex()}-{event.id}"
    if isinstance(event, MessageEdited):
        made = _make(contact, name, event.message, 0.0, target)
        return replace(made, kind="edited")
    made = _make(contact, name, Reaction(target, event.emoji), 0.0, target)
    return replace(made, kind="reaction")


def _is_for_nobody(event: Event) -> bool:
    return not isinstance(event, MessageReceived | ContactEstablished | Reacted | MessageEdited)


async def _take_note(event: Event) -> None:
    """Do what a bot does about events that reach no handler."""
    match event:
        case ContactRequested():
            # Accepted already, before a crash, or gone since.
            with suppress(StateError, NotFoundError):
                await event.accept()
        case Alarm():
            note("warning", "alarm about a contact")
        case _:
            pass
