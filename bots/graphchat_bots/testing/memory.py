"""A network without a network: what people say and hear, in memory. It survives crashes."""

from typing import Final, final

from graphchat.content import Edit, Message, Reaction
from graphchat_bots.parcel import Parcel
from graphchat_bots.port import Incoming, Kind, Port
from graphchat_bots.testing.clock import START, HandClock
from graphchat_bots.testing.memory_groups import MemoryGroups
from graphchat_bots.testing.memory_port import MemoryPort
from graphchat_bots.testing.memory_rooms import MemoryRooms
from graphchat_bots.testing.network import Groups, Heard
from graphchat_bots.testing.transcript import edited


@final
class MemoryNetwork:
    """People and one bot in one process, with nothing in between."""

    def __init__(self, clock: HandClock, bot: str = "bot") -> None:
        groups = MemoryGroups(clock.now, bot)
        self._port = MemoryPort(groups)
        self._people: dict[str, tuple[str, bool]] = {}
        self.groups: Final[Groups] = MemoryRooms(groups, self._port, self._people)
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
