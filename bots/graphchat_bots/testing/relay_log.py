"""What passes the bot's end of a real network, and how a test waits for it."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final

from graphchat.content import Amending, BotCommands, Delete
from graphchat_bots.parcel import Parcel
from graphchat_bots.port import Incoming
from graphchat_bots.reading import GROUP
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
        return [e for e in found if (e.chat, e.message_id) == (chat, target) and _is_about(e)]

    def note_sent(self, chat: str, message_id: bytes, message: Parcel) -> None:
        """Expect the other end to hear this, unless it was sent before under its id."""
        if message_id in self._sent:
            return
        self._sent.add(message_id)
        if isinstance(message, Delete):
            # Whether what it is about still arrives, nobody can tell.
            self._deleted.add(message.target)
            self._underway.pop((chat, message.target), None)
            if chat.startswith(GROUP):
                return  # the log of the group says it, and no message
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
        if isinstance(message, BotCommands):
            name = b"commands"  # it arrives without an id
        if name not in self._deleted:
            self._underway[chat, name] += change
            if not self._underway[chat, name]:
                del self._underway[chat, name]


def name_of(event: Incoming) -> tuple[str, bytes]:
    # What is no message has no name but that of the event.
    return event.chat, event.id.encode() if _is_about(event) else event.message_id


def _is_about(event: Incoming) -> bool:
    return event.kind not in {"message", "contact"}
