"""A network with everything real: a relay on loopback, clients, and encryption."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, final

from graphchat.client import (
    Client,
    Contact,
    Event,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    OwnProfile,
    Profile,
    Reacted,
)
from graphchat.content import Amending, Delete, Edit, Reaction
from graphchat.content.words import text_of
from graphchat.ids import MessageId
from graphchat_bots.files import Files
from graphchat_bots.local_relay import local_relay
from graphchat_bots.network import NetworkPort
from graphchat_bots.parcel import Attachment, Parcel
from graphchat_bots.port import Incoming, Invitation, Port
from graphchat_bots.testing.network import Heard

# Seconds that a message may take over loopback on a busy machine.
PATIENCE: Final = 60.0


class Signal:
    """Wakes all who wait until something holds."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        self._event.set()
        self._event = asyncio.Event()

    async def until(self, holds: Callable[[], bool], patience: float | None = PATIENCE) -> None:
        """Wait until ``holds``, which may change when `ring` is called."""
        async with asyncio.timeout(patience):
            while not holds():
                await self._event.wait()


class Log:
    """What has passed the bot's end of the network, over all its lives."""

    def __init__(self) -> None:
        self.signal: Final = Signal()
        self.received: Final[dict[tuple[str, bytes], Incoming]] = {}
        self.acknowledged: Final[set[str]] = set()
        self._sent: Final[set[bytes]] = set()
        self._deleted: Final[set[bytes]] = set()
        self._underway: Final = Counter[tuple[str, bytes]]()

    def about(self, chat: str, target: bytes) -> list[Incoming]:
        """Return what was received about the message ``target``."""
        found = self.received.values()
        return [e for e in found if (e.chat, e.message_id) == (chat, target) and _amends(e)]

    def note_sent(self, chat: str, message_id: bytes, message: Parcel) -> None:
        """Expect the other end to hear this, unless it was sent before under its id."""
        if message_id in self._sent:
            return
        self._sent.add(message_id)
        if isinstance(message, Delete):
            # Whether what it is about still arrives, nobody can tell.
            self._deleted.add(message.target)
            self._underway.pop((chat, message.target), None)
        self._count(chat, message_id, message, 1)

    def note_heard(self, chat: str, heard: Heard) -> None:
        """Note that the other end has heard this: also before `note_sent`."""
        self._count(chat, heard.id, heard.message, -1)

    def all_heard(self, chat: str) -> bool:
        return not any(count > 0 for (name, _), count in self._underway.items() if name == chat)

    def _count(self, chat: str, message_id: bytes, message: Parcel, change: int) -> None:
        name = message.target if isinstance(message, Amending) else message_id
        if isinstance(message, Delete):
            name = b"deleted" + name
        if name not in self._deleted:
            self._underway[chat, name] += change
            if not self._underway[chat, name]:
                del self._underway[chat, name]


@final
class WatchedPort:
    """A `Port` that notes what passes, and can hand out an event again."""

    def __init__(self, port: Port, log: Log) -> None:
        self._port = port
        self._log = log
        self._again: list[Incoming] = []
        self._handed_out: set[str] = set()
        self._receiving: asyncio.Task[Sequence[Incoming]] | None = None

    async def receive(self, limit: int) -> Sequence[Incoming]:
        if self._receiving is None:
            self._receiving = asyncio.create_task(self._port.receive(limit))
            self._receiving.add_done_callback(lambda _: self._log.signal.ring())
        task = self._receiving
        await self._log.signal.until(lambda: task.done() or bool(self._again), patience=None)
        if self._again:
            batch: Sequence[Incoming] = [self._again.pop()]
        else:
            self._receiving, batch = None, task.result()
        self._handed_out.update(event.id for event in batch)
        self._log.received.update({_key(event): event for event in batch})
        self._log.signal.ring()
        return batch

    async def recall(self, id: str) -> Incoming:  # noqa: A002 - as the protocol has it
        return await self._port.recall(id)

    async def acknowledge(self, ids: Sequence[str]) -> None:
        # Before: a crash may come between the disk and the line after it. What is acknowledged
        # is handled, so nobody misses it if it does not come again, or if it does.
        self._log.acknowledged.update(ids)
        await self._port.acknowledge(ids)

    async def fetch(self, chat: str, message_id: bytes, target: Path) -> Path:
        return await self._port.fetch(chat, message_id, target)

    async def send(self, chat: str, message: Parcel, message_id: bytes) -> None:
        await self._port.send(chat, message, message_id)
        self._log.note_sent(chat, message_id, message)

    async def invitation(self) -> Invitation:
        return await self._port.invitation()

    def hand_out_again(self, incoming: Incoming) -> None:
        self._again.append(incoming)
        self._log.signal.ring()

    def all_handed_out(self) -> bool:
        """Say whether this life of the bot has got all that no life has finished."""
        done = self._log.acknowledged | self._handed_out
        return not self._again and all(e.id in done for e in self._log.received.values())

    def close(self) -> None:
        if self._receiving is not None:
            self._receiving.cancel()


@final
class Mouth:
    """A person's client, and what it has heard from the bot."""

    def __init__(self, contact: Contact) -> None:
        self.contact: Final = contact
        self.heard: list[Heard] = []

    async def listen(self, profile: OwnProfile, log: Log) -> None:
        async for event in profile.events():
            if (heard := _heard(event)) is not None:
                self.heard.append(heard)
                log.note_heard(self.contact.id, heard)
                log.signal.ring()


@final
class RelayNetwork:
    """People and one bot, each with a client of their own, and one relay in memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = Log()
        self._people: dict[str, Mouth] = {}
        self._stack = AsyncExitStack()
        self._bot = AsyncExitStack()
        self._relay: str | None = None
        self._listeners: list[asyncio.Task[None]] = []
        self._uploads = Files(folder / "people-files")

    async def start(self) -> Port:
        if self._relay is None:
            self._relay = await self._stack.enter_async_context(local_relay(None))
        client = await self._client(self._bot, "bot-client")
        profiles = await client.profiles()
        profile = (
            profiles[0] if profiles else await client.create_profile(Profile("bot", kind="bot"))
        )
        self._port = WatchedPort(NetworkPort(profile, self._folder / "bot-files"), self._log)
        self._address = (await self._port.invitation()).text
        return self._port

    async def kill(self) -> None:
        self._port.close()
        await self._bot.aclose()

    async def close(self) -> None:
        for task in self._listeners:
            task.cancel()
        await asyncio.gather(*self._listeners, return_exceptions=True)
        await self._stack.aclose()

    async def join(self, name: str, *, is_bot: bool) -> str:
        client = await self._client(self._stack, f"person-{len(self._people) + 1}")
        card = Profile(name, kind="bot" if is_bot else "person")
        profile = await client.create_profile(card)
        contact = await profile.connect(self._address)
        async with asyncio.timeout(PATIENCE):
            await contact.established()
        # Both ends of a connection know it by the same name.
        self._people[contact.id] = mouth = Mouth(contact)
        listening = asyncio.create_task(mouth.listen(profile, self._log))
        self._listeners.append(listening)
        await self._log.signal.until(lambda: (contact.id, b"") in self._log.received)
        return contact.id

    async def say(self, chat: str, message: Parcel, message_id: bytes) -> None:
        name = chat, message_id
        if name in self._log.received:
            self._port.hand_out_again(self._log.received[name])
            return
        about = message.target if isinstance(message, Amending) else b""
        before = len(self._log.about(chat, about))
        contact, name_ = self._people[chat].contact, MessageId(message_id)
        if isinstance(message, Attachment):
            await self._uploads.send(contact, message, name_)
        else:
            await contact.send(message, id=name_)
        if about:
            await self._log.signal.until(lambda: len(self._log.about(chat, about)) > before)
            # So that it can be received again, too.
            self._log.received[name] = self._log.about(chat, about)[-1]
        else:
            await self._log.signal.until(lambda: name in self._log.received)

    async def settle(self) -> None:
        await self._log.signal.until(self._port.all_handed_out)

    async def hear(self, chat: str) -> list[Heard]:
        mouth = self._people[chat]
        await self._log.signal.until(lambda: self._log.all_heard(chat))
        heard, mouth.heard = mouth.heard, []
        return heard

    async def open(self, chat: str, message_id: bytes) -> bytes:
        contact, name = self._people[chat].contact, MessageId(message_id)
        found = await self._uploads.fetch(contact, name, f"{chat}-{name.hex()}", self._folder)
        return await asyncio.to_thread(found.read_bytes)

    async def _client(self, stack: AsyncExitStack, name: str) -> Client:
        assert self._relay is not None
        path = self._folder / f"{name}.db"
        return await stack.enter_async_context(Client(path, relays=[self._relay]))


def _key(event: Incoming) -> tuple[str, bytes]:
    # Several may be about one message: only the event has a name of its own.
    return event.chat, event.id.encode() if _amends(event) else event.message_id


def _amends(event: Incoming) -> bool:
    return event.kind in {"reaction", "edited"}


def _heard(event: Event) -> Heard | None:
    match event:
        case MessageReceived(message=message, message_id=name):
            return Heard(name, message)
        case MessageEdited(message=message, message_id=target):
            return Heard(b"", Edit(target, text_of(message)))
        case MessageDeleted(message_id=target):
            return Heard(b"", Delete(target))
        case Reacted(message_id=target, emoji=emoji):
            return Heard(b"", Reaction(target, emoji))
        case _:
            return None
