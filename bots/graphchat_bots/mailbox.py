"""One mailbox for each chat: strictly serial inside a chat, parallel across chats."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

W = TypeVar("W")

# Chats that are worked on at the same time.
SLOTS: Final = 64


class Mailboxes(Generic[W]):
    """Hands the work of each chat to ``handle``, one after the other.

    A chat without work costs nothing. Tasks belong to the group that is given.
    """

    def __init__(
        self,
        handle: Callable[[W], Awaitable[None]],
        tasks: asyncio.TaskGroup,
        slots: int = SLOTS,
    ) -> None:
        self._handle = handle
        self._tasks = tasks
        self._slots = asyncio.Semaphore(slots)
        self._waiting: dict[str, deque[W]] = {}
        self._workers: set[asyncio.Task[None]] = set()

    def put(self, chat: str, work: W) -> None:
        """Append ``work`` to what ``chat`` waits for."""
        if chat in self._waiting:
            self._waiting[chat].append(work)
            return
        self._waiting[chat] = deque([work])
        worker = self._tasks.create_task(self._work(chat))
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)

    def depth(self, chat: str) -> int:
        """Return how much waits in ``chat``, without what is being worked on."""
        return len(self._waiting.get(chat, ()))

    @property
    def waiting(self) -> int:
        """How much waits in all chats."""
        return sum(map(len, self._waiting.values()))

    def close(self) -> list[str]:
        """Begin nothing new; return the chat of each work that will not be begun."""
        left = [chat for chat, queue in self._waiting.items() for _ in queue]
        for queue in self._waiting.values():
            queue.clear()
        return left

    def kill(self) -> None:
        """Cancel what is being worked on."""
        for worker in self._workers:
            worker.cancel()

    async def _work(self, chat: str) -> None:
        queue = self._waiting[chat]
        # After the last look into the queue nothing is awaited: nothing can slip in between.
        try:
            while queue:
                async with self._slots:
                    if queue:
                        await self._handle(queue.popleft())
        finally:
            del self._waiting[chat]


@dataclass(slots=True)
class Room:
    """How much may be held in memory; whoever receives waits for room."""

    most: int
    held: int = 0
    _freed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, count: int = 1) -> None:
        self.held += count

    def free(self, count: int = 1) -> None:
        self.held -= count
        self._freed.set()

    async def wait(self) -> int:
        """Wait until there is room; return how much."""
        while self.full:
            await self.changed()
        return self.most - self.held

    @property
    def full(self) -> bool:
        return self.held >= self.most

    async def changed(self) -> None:
        """Wait until something was freed."""
        self._freed.clear()  # whoever waits already is waked by the same event
        await self._freed.wait()
