"""The seam towards real relays: the events and contacts of one profile of a client."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, final

from graphchat.client import (
    Alarm,
    Contact,
    ContactRequested,
    Event,
    Group,
    OwnProfile,
    Receipt,
)
from graphchat.content import Delete, File
from graphchat.errors import CodeError, NotFoundError, StateError
from graphchat.ids import MessageId
from graphchat_bots.acting import act, take_back
from graphchat_bots.actions import Action, Enter
from graphchat_bots.files import Files
from graphchat_bots.log import note
from graphchat_bots.parcel import Attachment, Parcel
from graphchat_bots.port import GroupInfo, Incoming, Invitation
from graphchat_bots.reading import GROUP, OF_CONTACT, incoming_of, info_of

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
            batch, rest = list[Incoming](), list[Event]()
            for event in events:
                if (incoming := await self._incoming(event)) is not None:
                    batch.append(incoming)
                else:
                    rest.append(event)
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
            incoming = await self._incoming(event)
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
        whom = await (self._group(chat) if chat.startswith(GROUP) else self._contact(chat))
        name = MessageId(message_id)
        if isinstance(whom, Group) and isinstance(message, Delete):
            await take_back(whom, MessageId(message.target))
            return
        if isinstance(message, Attachment):
            self._receipts.append(await self._files.send(whom, message, name))
        else:
            self._receipts.append(await whom.post(message, id=name))

    async def fetch(self, chat: str, message_id: bytes, target: Path) -> Path:
        if chat.startswith(GROUP):
            raise StateError("A bot gets no files out of groups. Ask for it in a chat of two.")
        contact, name = await self._contact(chat), MessageId(message_id)
        return await self._files.fetch(contact, name, f"{chat}-{name.hex()}", target)

    async def act(self, chat: str, action: Action) -> None:
        if isinstance(action, Enter):
            with suppress(StateError):  # in already, or waiting to be let in
                await self._profile.join_group(action.link)
            return
        await act(await self._group(chat), action)

    async def group(self, chat: str) -> GroupInfo:
        return info_of(await self._group(chat))

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

    async def _incoming(self, event: Event) -> Incoming | None:
        found = await incoming_of(event)
        if found is None:
            return None
        if isinstance(event, OF_CONTACT):
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

    async def _group(self, chat: str) -> Group:
        return await self._profile.group(chat.removeprefix(GROUP))


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
