"""A network with everything real: a relay on loopback, clients, and encryption."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, final

from graphchat.client import (
    Client,
    Contact,
    ControlReceived,
    Event,
    GroupMessageReceived,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    OwnProfile,
    Profile,
    Reacted,
)
from graphchat.content import Amending, BotCommands, Delete, Edit, Reaction
from graphchat.content.words import text_of
from graphchat.ids import MessageId
from graphchat_bots.files import Files
from graphchat_bots.local_relay import local_relay
from graphchat_bots.network import NetworkPort
from graphchat_bots.parcel import Attachment, Parcel
from graphchat_bots.port import Port
from graphchat_bots.testing.network import Heard
from graphchat_bots.testing.relay_groups import RelayGroups
from graphchat_bots.testing.relay_log import PATIENCE, Log
from graphchat_bots.testing.watched import WatchedPort


@final
class Mouth:
    """A person's client, and what it has heard from the bot."""

    def __init__(self, contact: Contact) -> None:
        self.contact: Final = contact
        self.heard: list[Heard] = []

    async def listen(self, profile: OwnProfile, log: Log, groups: RelayGroups) -> None:
        async for event in profile.events():
            if isinstance(event, GroupMessageReceived):
                groups.note(self.contact.id, event)
                log.signal.ring()
            if (heard := _heard(event)) is not None:
                self.heard.append(heard)
                log.note_heard(self.contact.id, heard)
                log.signal.ring()


@final
class RelayNetwork:
    """People and one bot, each with a client of their own, and one relay in memory."""

    def __init__(self, folder: Path, bot: str = "bot") -> None:
        self._folder = folder
        self._name = bot
        self._log = Log()
        self.groups: Final = RelayGroups(self._log)
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
        card = Profile(self._name, kind="bot")
        profile = profiles[0] if profiles else await client.create_profile(card)
        self.groups.bot = profile
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
        self.groups.add(contact.id, profile)
        self._people[contact.id] = mouth = Mouth(contact)
        listening = asyncio.create_task(mouth.listen(profile, self._log, self.groups))
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
        await self._log.signal.until(lambda: self._log.all_heard(chat))
        if chat in self.groups:
            return self.groups.hear(chat)
        mouth = self._people[chat]
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


def _heard(event: Event) -> Heard | None:
    match event:
        case MessageReceived(message=message, message_id=name):
            return Heard(name, message)
        case MessageEdited(message=message, message_id=target):
            return Heard(b"", Edit(target, text_of(message)))
        case MessageDeleted(message_id=target):
            return Heard(b"", Delete(target))
        case ControlReceived(message=BotCommands() as message):
            return Heard(b"", message)
        case Reacted(message_id=target, emoji=emoji):
            return Heard(b"", Reaction(target, emoji))
        case _:
            return None
