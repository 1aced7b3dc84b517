"""A port that a test watches: what passes is noted, and can be handed out again."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import final

from graphchat_bots.actions import Action
from graphchat_bots.parcel import Parcel
from graphchat_bots.port import GroupInfo, Incoming, Invitation, Port
from graphchat_bots.testing.relay_log import Log, name_of


@final
class WatchedPort:
    """A `Port` that notes what passes, and can hand out an event again."""

    def __init__(self, port: Port, log: Log) -> None:
        self._port = port
        self._log = log
        self._again: list[Incoming] = []
        self._handed_out: set[str] = set()
        self._receiving: asyncio.Task[Sequence[Incoming]] | None = None

    async def receive(self, limit: int) -> Sequence[Incoming]:
        if self._receiving is None:
            self._receiving = asyncio.create_task(self._port.receive(limit))
            self._receiving.add_done_callback(lambda _: self._log.signal.ring())
        task = self._receiving
        await self._log.signal.until(lambda: task.done() or bool(self._again), patience=None)
        if self._again:
            batch: Sequence[Incoming] = [self._again.pop()]
        else:
            self._receiving, batch = None, task.result()
        self._handed_out.update(event.id for event in batch)
        self._log.received.update({name_of(event): event for event in batch})
        self._log.signal.ring()
        return batch

    async def recall(self, id: str) -> Incoming:  # noqa: A002 - as the protocol has it
        return await self._port.recall(id)

    async def acknowledge(self, ids: Sequence[str]) -> None:
        # Before: a crash may come between the disk and the line after it. What is acknowledged
        # is handled, so nobody misses it if it does not come again, or if it does.
        self._log.acknowledged.update(ids)
        await self._port.acknowledge(ids)

    async def fetch(self, chat: str, message_id: bytes, target: Path) -> Path:
        return await self._port.fetch(chat, message_id, target)

    async def send(self, chat: str, message: Parcel, message_id: bytes) -> None:
        await self._port.send(chat, message, message_id)
        self._log.note_sent(chat, message_id, message)

    async def act(self, chat: str, action: Action) -> None:
        await self._port.act(chat, action)

    async def group(self, chat: str) -> GroupInfo:
        return await self._port.group(chat)

    async def invitation(self) -> Invitation:
        return await self._port.invitation()

    def hand_out_again(self, incoming: Incoming) -> None:
        self._again.append(incoming)
        self._log.signal.ring()

    def all_handed_out(self) -> bool:
        """Say whether this life of the bot has got all that no life has finished."""
        done = self._log.acknowledged | self._handed_out
        return not self._again and all(e.id in done for e in self._log.received.values())

    def close(self) -> None:
        if self._receiving is not None:
            self._receiving.cancel()
