"""A port without a network: what was delivered, and what was sent, survives crashes in memory."""

from asyncio import Event
from collections import defaultdict, deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final, final

from graphchat.content import Amending
from graphchat.errors import NotFoundError
from graphchat_bots.actions import Action, Enter
from graphchat_bots.parcel import Parcel
from graphchat_bots.port import GroupInfo, Incoming, Invitation
from graphchat_bots.testing.files import MemoryFiles
from graphchat_bots.testing.memory_groups import BOT_ID, MemoryGroups
from graphchat_bots.testing.network import Heard


@final
class MemoryPort:
    """A `Port` that hands out what was delivered to it, and keeps what was sent."""

    def __init__(self, groups: MemoryGroups) -> None:
        self._groups = groups
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

    async def fetch(self, chat: str, message_id: bytes, target: Path) -> Path:
        return await self.files.put(chat, message_id, target)

    async def send(self, chat: str, parcel: Parcel, message_id: bytes) -> None:
        if message_id not in self._sent:
            message = await self.files.take(chat, parcel, message_id)
            if chat in self._groups:
                self._groups[chat].post(BOT_ID, message, message_id)
            self._sent.add(message_id)
            name = b"" if isinstance(message, Amending) else message_id
            self._heard[chat].append(Heard(name, message))

    async def act(self, chat: str, action: Action) -> None:
        if isinstance(action, Enter):
            self._groups[action.link].enter(self._groups.bot)
        else:
            self._groups[chat].act(action)

    async def group(self, chat: str) -> GroupInfo:
        return self._groups[chat].info()

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
