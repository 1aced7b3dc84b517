"""Events on their way from the network into mailboxes, and their acknowledgements back."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from graphchat.errors import NotFoundError
from graphchat_bots.activity import Activity
from graphchat_bots.backoff import insist
from graphchat_bots.mailbox import SLOTS, Room
from graphchat_bots.port import Incoming, Port
from graphchat_bots.store import BotStore
from graphchat_bots.timer import Timer

BATCH: Final = 64
# Events of one chat that wait in memory; of more only the ids. So a flooded chat takes
# no room from the others.
MAX_DEPTH: Final = 16
MAX_HELD: Final = SLOTS * MAX_DEPTH
MAX_PARKED: Final = 100_000


@dataclass(frozen=True, slots=True)
class Parked:
    """An event that waits in the store of the network."""

    id: str
    chat: str


class Intake:
    """Hands out each event once, and acknowledges what was handled."""

    def __init__(self, port: Port, store: BotStore, timer: Timer, activity: Activity) -> None:
        self._port = port
        self._store = store
        self._timer = timer
        self._activity = activity
        self._held = Room(MAX_HELD)
        self._parked = Room(MAX_PARKED)
        self._open: set[str] = set()
        self._done: list[tuple[str, str]] = []
        self._stir = asyncio.Event()

    async def receive(
        self, put: Callable[[str, Incoming | Parked], None], depth: Callable[[str], int]
    ) -> None:
        """Put each new event into the mailbox of its chat, until cancelled."""
        while True:
            room = min(await self._held.wait(), await self._parked.wait(), BATCH)
            receive = partial(self._port.receive, room)
            batch = await insist("receiving", receive, self._timer)
            fresh = [incoming for incoming in batch if self._begin(incoming)]
            seen = await self._seen(fresh)
            for incoming in fresh:
                if incoming.id in seen:
                    self.done(incoming.id, incoming.chat)
                elif depth(incoming.chat) < MAX_DEPTH:
                    self._held.take()
                    put(incoming.chat, incoming)
                else:
                    self._parked.take()
                    put(incoming.chat, Parked(incoming.id, incoming.chat))

    async def unpark(self, work: Incoming | Parked) -> Incoming | None:
        """Take an event out of its mailbox; nothing if its chat is gone."""
        if isinstance(work, Incoming):
            self._held.free()
            return work
        self._parked.free()
        try:
            return await insist(
                "recalling",
                lambda: self._port.recall(work.id),
                self._timer,
                hopeless=(NotFoundError,),
            )
        except NotFoundError:
            self._open.discard(work.id)
            self._activity.end(work.chat)
            return None

    def done(self, id_: str, chat: str) -> None:
        """Acknowledge an event, soon: all that follows from it is on disk."""
        self._done.append((id_, chat))
        self._stir.set()

    async def acknowledge(self) -> None:
        """Send acknowledgements, many at once, until cancelled."""
        while True:
            await self._stir.wait()
            self._stir.clear()
            batch, self._done = self._done, []
            ids = [id_ for id_, _ in batch]
            acknowledge = partial(self._port.acknowledge, ids)
            await insist("acknowledging", acknowledge, self._timer)
            for id_, chat in batch:
                self._open.discard(id_)
                self._activity.end(chat)

    def _begin(self, incoming: Incoming) -> bool:
        if incoming.id in self._open:
            return False
        self._open.add(incoming.id)
        self._activity.begin(incoming.chat)
        return True

    async def _seen(self, fresh: list[Incoming]) -> set[str]:
        ids = [incoming.id for incoming in fresh]
        try:
            return await insist("looking up", lambda: self._store.seen(ids), self._timer)
        except asyncio.CancelledError:
            for incoming in fresh:  # they are in no mailbox: nobody else would end them
                self._open.discard(incoming.id)
                self._activity.end(incoming.chat)
            raise
