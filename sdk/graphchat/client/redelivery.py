"""Queues whose relay is to send again what could not be used, each after a pause that grows."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from graphchat.ids import QueueId
from graphchat.wire.uri import RelayAddress

# Seconds until a queue is asked for again, at most.
LAST: Final = 180.0


class Source(NamedTuple):
    """A queue of ours, and the socket that it comes by."""

    profile: int
    relay: RelayAddress
    queue: QueueId


@dataclass(slots=True)
class _Pause:
    seconds: float
    """How long the next one is."""
    timer: asyncio.TimerHandle | None = None


class Redelivery:
    """Calls ``ask`` for a queue once its pause is over; one is planned for each at most.

    The pause is of ``first`` seconds, and doubles until something works.
    """

    def __init__(self, ask: Callable[[Source], None], first: float) -> None:
        self._ask: Final = ask
        self._first: Final = first
        self._pauses: dict[Source, _Pause] = {}

    def plan(self, source: Source) -> None:
        """Ask for ``source`` later: something of it could not be used."""
        pause = self._pauses.setdefault(source, _Pause(self._first))
        if pause.timer is None:
            self._start(source, pause)
            pause.seconds = min(2 * pause.seconds, LAST)

    def worked(self, source: Source) -> None:
        """Begin with the shortest pause again: something of ``source`` was stored."""
        pause = self._pauses.get(source)
        if pause is None:
            return
        if pause.timer is None:
            del self._pauses[source]
            return
        pause.seconds = self._first
        # Only ever sooner: else a queue that is busy would never be asked for.
        if pause.timer.when() > asyncio.get_running_loop().time() + self._first:
            pause.timer.cancel()
            self._start(source, pause)

    def forget(self, source: Source) -> None:
        """Ask no more: the queue is not ours any longer."""
        pause = self._pauses.pop(source, None)
        if pause is not None and pause.timer is not None:
            pause.timer.cancel()

    def close(self) -> None:
        for source in list(self._pauses):
            self.forget(source)

    def _start(self, source: Source, pause: _Pause) -> None:
        loop = asyncio.get_running_loop()
        pause.timer = loop.call_later(pause.seconds, self._due, source, pause)

    def _due(self, source: Source, pause: _Pause) -> None:
        pause.timer = None
        self._ask(source)
