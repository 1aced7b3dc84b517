"""Wakes jobs when they are due. The rows are the truth; memory holds what is being run."""

import asyncio
from collections import Counter
from collections.abc import Callable
from math import inf
from typing import Final

from graphchat_bots.activity import Activity
from graphchat_bots.log import describe, note
from graphchat_bots.store import BotStore
from graphchat_bots.timer import Timer
from graphchat_bots.turn import Job

PAGE: Final = 64
MAX_RUNNING: Final = 256
MAX_RUNNING_IN_CHAT: Final = 16
# Seconds until the next look after one that failed.
PAUSE: Final = 10.0
# Stands for the agenda itself among the chats that are busy.
SELF: Final = ""


class Agenda:
    """Hands due jobs to the mailboxes of their chats."""

    def __init__(
        self,
        store: BotStore,
        timer: Timer,
        activity: Activity,
        start: Callable[[Job], None],
    ) -> None:
        self._store = store
        self._timer = timer
        self._activity = activity
        self._start = start
        self._running: dict[str, str] = {}
        self._stir = asyncio.Event()
        self._closed = False
        self._cancel: Callable[[], object] = lambda: None

    def stir(self) -> None:
        """Look at the rows again: one was added, or its time has come."""
        if not (self._stir.is_set() or self._closed):
            self._activity.begin(SELF)
            self._stir.set()

    def ended(self, job: Job) -> None:
        """Note that ``job`` has run: its row is gone, or waits for the next try."""
        del self._running[job.id]
        self.stir()

    async def run(self) -> None:
        """Start jobs as they become due, until cancelled."""
        while True:
            await self._stir.wait()
            self._cancel()
            try:
                wake_at = await self._start_due()
            except Exception as error:  # noqa: BLE001 - a full disk must not end all reminders
                note("error", "looking for jobs failed", error=describe(error))
                wake_at = self._timer.now() + PAUSE
            self._cancel = self._timer.call_at(wake_at, self.stir)
            self._activity.end(SELF)

    def close(self) -> None:
        """Start nothing more. Only when `run` has been cancelled."""
        self._closed = True
        self._cancel()
        self._activity.forget(SELF)

    async def _start_due(self) -> float:
        """Start what is due; return when to look again."""
        self._stir.clear()
        now = self._timer.now()
        if len(self._running) >= MAX_RUNNING:
            return inf  # the next that ends stirs
        page = await self._store.jobs(self._running, self._full_chats(), PAGE)
        for job in page:
            if job.due > now:
                return job.due
            self._running[job.id] = job.chat
            self._start(job)
        return now if len(page) == PAGE else inf

    def _full_chats(self) -> set[str]:
        running = Counter(self._running.values())
        return {chat for chat, count in running.items() if count >= MAX_RUNNING_IN_CHAT}
