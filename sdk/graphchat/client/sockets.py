"""One socket of a client, open or not, and what it is for."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final

from graphchat.ids import QueueId
from graphchat.transport.ports import Link

# Seconds until a socket whose task failed is begun anew: at first, and at most.
FIRST_REPAIR: Final = 1.0
LAST_REPAIR: Final = 300.0

Name = tuple[int, str, bytes]
"""The profile, and the base and fingerprint of the relay."""
log = logging.getLogger("graphchat.client")


def now() -> float:
    """Return the time of the event loop."""
    return asyncio.get_running_loop().time()


@dataclass(slots=True)
class Entry:
    """A link, and the task that keeps it connected while it is open."""

    link: Link
    task: asyncio.Task[None] | None = None
    """Runs while the socket is open or connects itself."""
    ending: asyncio.Task[None] | None = None
    """The last one, which may still be saying goodbye."""
    up: bool = False
    queues: set[QueueId] = field(default_factory=set[QueueId])
    """Queues of ours."""
    lives: set[int] = field(default_factory=set[int])
    """Loaded connections with a lane to this relay."""
    opened: float = 0.0
    used: float = 0.0
    closed: float = 0.0
    failures: int = 0
    """Turns in a row in which it could not connect."""
    waits: bool = False
    """It has something to send, and no place."""

    def open(self) -> None:
        self.opened = self.used = now()
        self.failures += 1
        self.task = asyncio.create_task(self._run(self.ending), name="graphchat socket")

    def shut(self) -> None:
        """Close; what was handed to the link and has no answer gets one."""
        self.up, self.waits, self.closed = False, False, now()
        if self.task is not None:
            self.task.cancel()
            self.task, self.ending = None, self.task

    def heard(self, *, up: bool) -> None:
        """Note whether the link is connected."""
        self.up = up
        self.failures = 0 if up else self.failures

    async def _run(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        delay = FIRST_REPAIR
        while True:
            started = now()
            try:
                await self.link.run()
            except Exception as error:  # noqa: BLE001 - no fault may end a socket for good
                log.error("a socket of the client failed: %s", type(error).__name__)  # noqa: TRY400 - a trace may quote content
            self.up = False
            if now() - started > LAST_REPAIR:
                delay = FIRST_REPAIR
            await asyncio.sleep(delay)
            delay = min(2 * delay, LAST_REPAIR)
