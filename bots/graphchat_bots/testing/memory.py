"""A network without a network: what people say and hear, in memory. It survives crashes."""

from asyncio import Event
from collections import defaultdict, deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final, final

from graphchat.content import Amending, Edit, Message, Reaction
from graphchat.errors import NotFoundError
from graphchat_bots.parcel import Parcel
from graphchat_bots.port import Incoming, Invitation, Kind, Port
from graphchat_bots.testing.clock import START
from graphchat_bots.testing.files import MemoryFiles
from graphchat_bots.testing.network import Heard
from graphchat_bots.testing.transcript import edited


@final
class MemoryPort:
    """A `Port` that hands out what was delivered to it, and keeps what was sent."""

    def __init__(self) -> None:
        self._unacknowledged: dict[str, Incoming] = {}
        self._fresh: deque[Incoming] = deque()
        self._stir = Event()
        self._empty = Event()
        self._empty.set()
        self._sent: set[bytes] = set()
        self.files: Final = MemoryFiles()
        self._heard: defaultdict[str, list[Heard]] = defaultdict(list)

    async def receive(self, limit: int) -> Sequence[Incoming]:
        while not self._fresh:
            self._stir.clear()
            await self._stir.wait()
        batch = [self._fresh.popleft() for _ in range(min(limit, len(self._fresh)))]
        if not self._fresh:
            self._empty.set()
        return batch

    async def recall(self, id: str) -> Incoming:  # noqa: A002 - as the protocol has it
        try:
            return self._unacknowledged[id]
        except KeyError:
            raise NotFoundError from None

    async def acknowledge(self, ids: Sequence[str]) -> None:
        for id_ in ids:
            self._unacknowledged.pop(id_, None)

    async def send(self, chat: str, parcel: Parcel, message_id: bytes) -> None:
        if message_id not in self._sent:
            message = await self.files.take(chat, parcel, message_id)
            self._sent.add(message_id)
            name = b"" if isinstance(message, Amending) else message_id
            self._heard[chat].append(Heard(name, message))

    async def fetch(self, chat: str, message_id: bytes, target: Path) -> Path:
        return await self.files.put(chat, message_id, target)

    async def invitation(self) -> Invitation:
        return Invitation("memory", "")

    def deliver(self, incoming: Incoming) -> None:
        """Let the bot receive ``incoming``, also if it has received it before."""
        self._unacknowledged[incoming.id] = incoming
        self._fresh.append(incoming)
        self._empty.clear()
        self._stir.set()

    async def handed_out(self) -> None:
        """Wait until the bot has received everything."""
        await self._empty.wait()

    def hear(self, chat: str) -> list[Heard]:
        """Return what the bot has sent to ``chat`` since the last time."""
        return self._heard.pop(chat, [])

    def restart(self) -> None:
        """Hand out again what was not acknowledged, as after a crash of the bot."""
        self._fresh = deque(self._unacknowledged.values())
        if self._fresh:
            self._empty.clear()
        self._stir = Event()


@final
class MemoryNetwork:
    """People and one bot in one process, with nothing in between."""

    def __init__(self) -> None:
        self._port = MemoryPort()
        self._people: dict[str, tuple[str, bool]] = {}
        self._said: dict[tuple[str, bytes], Message] = {}

    async def start(self) -> Port:
        self._port.restart()
        return self._port

    async def kill(self) -> None:
        """Nothing dies: what is here stands for what the network has on disk."""

    async def close(self) -> None:
        """There is nothing to take down."""

    async def join(self, name: str, *, is_bot: bool) -> str:
        chat = f"chat-{len(self._people) + 1}"
        self._people[chat] = name, is_bot
        self._deliver("contact", chat, f"{chat}-contact", None, b"")
        return chat

    async def say(self, chat: str, parcel: Parcel, message_id: bytes) -> None:
        message = await self._port.files.take(chat, parcel, message_id)
        name = f"{chat}-{message_id.hex()}"
        match message:
            case Reaction(target=target):
                self._deliver("reaction", chat, name, message, target)
            case Edit(target=target, text=text):
                changed = edited(self._said[chat, target], text)
                self._said[chat, target] = changed
                self._deliver("edited", chat, name, changed, target)
            case _:
                self._said[chat, message_id] = message
                self._deliver("message", chat, name, message, message_id)

    async def settle(self) -> None:
        await self._port.handed_out()

    async def hear(self, chat: str) -> list[Heard]:
        return self._port.hear(chat)

    async def open(self, chat: str, message_id: bytes) -> bytes:
        return self._port.files.read(chat, message_id)

    def _deliver(
        self, kind: Kind, chat: str, id_: str, message: Message | None, message_id: bytes
    ) -> None:
        name, is_bot = self._people[chat]
        incoming = Incoming(id_, chat, chat, name, kind, message, START, message_id, is_bot)
        self._port.deliver(incoming)
