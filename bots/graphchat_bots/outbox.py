"""Messages on their way from the bot's store to the network."""

import asyncio
from collections.abc import Sequence
from typing import Final

from graphchat.errors import (
    CodeError,
    ContentError,
    LocalProtocolError,
    NotFoundError,
    RateError,
    StateError,
)
from graphchat_bots import actions
from graphchat_bots.activity import Activity
from graphchat_bots.backoff import delay, insist
from graphchat_bots.kept import pack_outgoing
from graphchat_bots.line import Line
from graphchat_bots.log import describe, note, reference
from graphchat_bots.mailbox import Room
from graphchat_bots.pace import Pace
from graphchat_bots.parcel import unpack
from graphchat_bots.port import Port
from graphchat_bots.store import BotStore, DeadLetter
from graphchat_bots.timer import Timer
from graphchat_bots.turn import Outgoing

MAX_HELD: Final = 4_096
# More than an hour of them a minute apart.
MAX_TRIES: Final = 100
PAGE: Final = 256
# Trying again would not change it: of these, `StateError` is a contact that has failed.
_HOPELESS: Final = (NotFoundError, StateError, ContentError, CodeError, LocalProtocolError)


class Outbox:
    """Sends in order inside a chat, and to all chats at the same time.

    A row leaves the store when the network has taken the message: after a crash it is sent
    again under the same id, which the network drops.
    """

    def __init__(
        self,
        port: Port,
        store: BotStore,
        timer: Timer,
        activity: Activity,
        pace: Pace,
    ) -> None:
        self._port = port
        self._store = store
        self._timer = timer
        self._activity = activity
        self._pace = pace
        self._lines: dict[str, Line] = {}
        self._drains: set[asyncio.Task[None]] = set()
        self.sent = 0
        """Messages that have left."""
        self.unsent = 0
        """Tries that failed."""
        self._tried_since: dict[str, float] = {}
        self.room: Final = Room(MAX_HELD)

    @property
    def age(self) -> float:
        """Seconds that the message has been tried that is tried longest; 0 if there is none."""
        since = min(self._tried_since.values(), default=None)
        return 0.0 if since is None else self._timer.monotonic() - since

    def begin(self, tasks: asyncio.TaskGroup) -> None:
        """Send by tasks of this group. Before anything else."""
        self._tasks = tasks

    async def recover(self) -> None:
        """Send what an earlier run has left. Nothing else may be put in before this ends.

        It waits for no room: the earlier run held all of this too, and a chat that cannot
        be sent to must not keep the bot from starting.
        """
        last = 0
        while page := await self._page(last):
            last = page[-1][0]
            self.put([outgoing for _, outgoing in page])

    def put(self, messages: Sequence[Outgoing]) -> None:
        """Send these, which are in the store."""
        self.room.take(len(messages))
        for outgoing in messages:
            self._activity.begin(outgoing.chat)
            if (line := self._lines.get(outgoing.chat)) is not None:
                if (needless := line.add(outgoing)) is not None:
                    self._done(needless)
            else:
                self._lines[outgoing.chat] = line = Line()
                line.add(outgoing)
                task = self._tasks.create_task(self._drain(outgoing.chat))
                self._drains.add(task)
                task.add_done_callback(self._drains.discard)

    async def wait(self, chat: str) -> None:
        """Wait for room, at most until all that was said in ``chat`` has left.

        So only chats that wait themselves to be sent to are slowed down by a full outbox.
        """
        while self.room.full and chat in self._lines:
            await self.room.changed()

    def is_behind(self, chat: str) -> bool:
        """Say whether something that was said in ``chat`` has not left."""
        return chat in self._lines

    def kill(self) -> None:
        """Send no more; what is left stays in the store."""
        for task in self._drains:
            task.cancel()

    async def _page(self, after: int) -> list[tuple[int, Outgoing]]:
        return await insist(
            "reading the outbox", lambda: self._store.outbox(after, PAGE), self._timer
        )

    async def _drain(self, chat: str) -> None:
        line = self._lines[chat]
        while line:
            await self._pace.go(chat, bulk=line.is_bulk)
            self._tried_since[chat] = self._timer.monotonic()
            try:
                await self._send(line.take())
            finally:
                del self._tried_since[chat]
            self.room.free()
            self._activity.end(chat)
        del self._lines[chat]

    def _done(self, needless: Outgoing) -> None:
        self._store.sent(needless.message_id)
        self.room.free()
        self._activity.end(needless.chat)

    async def _send(self, outgoing: Outgoing) -> None:
        for tries in range(1, MAX_TRIES + 1):
            try:
                await self._hand_over(outgoing)
            except Exception as error:  # noqa: BLE001 - one message must not end the loop
                self.unsent += 1
                hopeless = isinstance(error, _HOPELESS) or tries == MAX_TRIES
                note(
                    "warning",
                    "sending failed",
                    tries=tries,
                    hopeless=hopeless,
                    error=describe(error),
                )
                if hopeless:
                    await self._give_up(outgoing, error, tries)
                    return
                asked = error.retry_after if isinstance(error, RateError) else 0.0
                await self._timer.sleep(max(delay(tries, self._timer), asked))
            else:
                self.sent += 1
                self._store.sent(outgoing.message_id)
                return

    async def _hand_over(self, outgoing: Outgoing) -> None:
        if outgoing.kind == "action":
            await self._port.act(outgoing.chat, actions.unpack(outgoing.body))
        else:
            message = unpack(outgoing.body)
            await self._port.send(outgoing.chat, message, outgoing.message_id)

    async def _give_up(self, outgoing: Outgoing, error: Exception, tries: int) -> None:
        dead = DeadLetter(
            reference=reference(outgoing.message_id.hex()),
            kind="outgoing",
            id=outgoing.message_id.hex(),
            chat=outgoing.chat,
            sender_name="",
            name="",
            body=pack_outgoing(outgoing),
            error=type(error).__name__,
            tries=tries,
            at=self._timer.now(),
        )
        await insist(
            "setting aside",
            lambda: self._store.give_up(dead, outgoing.message_id),
            self._timer,
        )
