"""A real relay that does not keep its word: it drops, delays, doubles and reorders.

What it drops, it says OK to. It sits between Hypercorn and the application of an honest relay, and
changes what sockets say.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec

from graphchat.testing.relays import TestRelay

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
# Seconds for which something is held back, at most.
DELAY: Final = 0.5


@dataclass
class Lies:
    """How often a relay does what, from 0 to 1."""

    drops: float = 0.0
    delays: float = 0.0
    doubles: float = 0.0
    reorders: float = 0.0


class Liar:
    """The application of a relay, with lies."""

    def __init__(self, honest: Any, lies: Lies, chance: Random) -> None:
        self._honest = honest
        self._lies = lies
        self._chance = chance

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._honest(scope, receive, send)
            return

        async def heard() -> Event:
            event = await receive()
            if event["type"] == "websocket.receive" and event.get("bytes") is not None:
                kept, answers = self._taken(_objects(event["bytes"]))
                if answers:
                    await send(_frame(answers))
                await self._wait()
                event["bytes"] = msgspec.msgpack.encode(kept)
            return event

        async def say(event: Event) -> None:
            if event["type"] == "websocket.send" and event.get("bytes") is not None:
                await self._wait()
                event = _frame(self._twisted(_objects(event["bytes"])))
            await send(event)

        await self._honest(scope, heard, say)

    async def _wait(self) -> None:
        if self._chance.random() < self._lies.delays:
            await asyncio.sleep(self._chance.random() * DELAY)

    def _taken(self, objects: list[Event]) -> tuple[list[Event], list[Event]]:
        """Return what the honest relay gets to hear, and lies about the rest."""
        kept: list[Event] = []
        answers: list[Event] = []
        for said in objects:
            if said["type"] == "send" and self._chance.random() < self._lies.drops:
                answers.append({"type": "send", "id": said["id"], "ok": True})
            else:
                kept.append(said)
        return kept, answers

    def _twisted(self, objects: list[Event]) -> list[Event]:
        found = []
        for said in objects:
            found.append(said)
            if said["type"] == "message" and self._chance.random() < self._lies.doubles:
                found.append(said)
        if self._chance.random() < self._lies.reorders:
            self._chance.shuffle(found)
        return found


def _objects(frame: bytes) -> list[Event]:
    found = msgspec.msgpack.decode(frame)
    return found if isinstance(found, list) else [found]


def _frame(objects: list[Event]) -> Event:
    return {"type": "websocket.send", "bytes": msgspec.msgpack.encode(objects)}


class LyingRelay(TestRelay):
    """A relay that can be stopped, killed and started like an honest one."""

    def __init__(self, folder: Path, lies: Lies, chance: Random) -> None:
        super().__init__(folder, None, {"hand_over": False})
        self._lies = lies
        self._chance = chance

    async def start(self) -> None:
        await super().start()
        assert self._server is not None
        self._server._app = Liar(self._server._app, self._lies, self._chance)  # type: ignore[assignment]


@asynccontextmanager
async def lying_relay(folder: Path, lies: Lies, chance: Random) -> AsyncIterator[LyingRelay]:
    """Run a relay that lies, on a free port of this machine."""
    found = LyingRelay(folder, lies, chance)
    await found.start()
    try:
        yield found
    finally:
        await found.stop()
