"""What can go wrong between a bot and its network, on purpose: a `Port` in front of another."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final, final

from graphchat.errors import RelayUnreachableError
from graphchat_bots.actions import Action
from graphchat_bots.parcel import Parcel
from graphchat_bots.port import GroupInfo, Incoming, Invitation, Port


@final
class Weather:
    """How the network behaves. It outlives the bot: what it holds back is not lost in a crash."""

    def __init__(self) -> None:
        self.duplicating = False
        """Whether each event is handed out a second time, after it was acknowledged."""
        self.reordering = False
        """Whether chats come in another order than their events; inside a chat it stays."""
        self.is_cut = False
        """Whether nothing arrives and nothing leaves."""
        self.stir: Final = asyncio.Event()
        self._held: list[tuple[str, Parcel, bytes]] = []

    def hold(self, chat: str, message: Parcel, message_id: bytes) -> None:
        """Keep a message until the bot is not cut off any more."""
        self._held.append((chat, message, message_id))

    async def mend(self, port: Port) -> None:
        """Let everything pass again; what was to leave leaves by ``port``."""
        self.is_cut = False
        held, self._held = self._held, []
        for chat, message, message_id in held:
            await port.send(chat, message, message_id)
        self.stir.set()


@final
class WeatheredPort:
    """A `Port` in some weather, for one life of the bot."""

    def __init__(self, port: Port, weather: Weather) -> None:
        self._port = port
        self._weather = weather
        self._known: dict[str, Incoming] = {}
        self._kept: list[Incoming] = []
        self._receiving: asyncio.Task[Sequence[Incoming]] | None = None
        self._handed_out = asyncio.Event()

    async def receive(self, limit: int) -> Sequence[Incoming]:
        while self._weather.is_cut or not self._kept:
            await self._take(limit)
        batch, self._kept = self._kept[:limit], self._kept[limit:]
        self._handed_out.set()
        return batch

    async def quiet(self) -> bool:
        """Wait until the bot has all that it should get; return whether it had."""
        had = True
        while not self._weather.is_cut and (self._kept or self._has_received()):
            had = False
            self._handed_out.clear()
            await self._handed_out.wait()
        return had

    async def recall(self, id: str) -> Incoming:  # noqa: A002 - as the protocol has it
        return await self._port.recall(id)

    async def acknowledge(self, ids: Sequence[str]) -> None:
        await self._port.acknowledge(ids)
        again = [self._known.pop(id_) for id_ in ids if id_ in self._known]
        if again:
            self._kept += again
            self._weather.stir.set()

    async def send(self, chat: str, message: Parcel, message_id: bytes) -> None:
        if self._weather.is_cut:
            self._weather.hold(chat, message, message_id)
        else:
            await self._port.send(chat, message, message_id)

    async def fetch(self, chat: str, message_id: bytes, target: Path) -> Path:
        self._check()
        return await self._port.fetch(chat, message_id, target)

    async def act(self, chat: str, action: Action) -> None:
        self._check()
        await self._port.act(chat, action)

    async def group(self, chat: str) -> GroupInfo:
        return await self._port.group(chat)

    async def invitation(self) -> Invitation:
        return await self._port.invitation()

    async def _take(self, limit: int) -> None:
        """Wait until something has arrived, or the weather changes."""
        if self._receiving is None:
            self._receiving = asyncio.create_task(self._port.receive(limit))
        self._weather.stir.clear()
        stirred = asyncio.create_task(self._weather.stir.wait())
        try:
            await asyncio.wait([stirred, self._receiving], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stirred.cancel()
        if self._receiving.done():
            # Forgotten before it is looked at: one that has failed must not fail for ever.
            done, self._receiving = self._receiving, None
            batch = done.result()
            if self._weather.duplicating:
                self._known.update({event.id: event for event in batch})
            self._kept += _reordered(batch) if self._weather.reordering else batch

    def _has_received(self) -> bool:
        return self._receiving is not None and self._receiving.done()

    def close(self) -> None:
        """End, with the life of the bot."""
        if self._receiving is not None:
            self._receiving.cancel()

    def _check(self) -> None:
        if self._weather.is_cut:
            raise RelayUnreachableError("The test has cut the bot off.")


def _reordered(batch: Sequence[Incoming]) -> list[Incoming]:
    last_first = sorted({event.chat for event in batch}, reverse=True)
    return [event for chat in last_first for event in batch if event.chat == chat]
