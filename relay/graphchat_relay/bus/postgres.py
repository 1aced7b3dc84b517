"""The bus of replicas on one PostgreSQL: NOTIFY after the commit, many queues in one.

docs/decisions/0008-replicas.md has what was measured.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import suppress
from secrets import token_hex
from typing import Any, Final

import asyncpg

from graphchat.errors import RemoteProtocolError
from graphchat.wire.base64url import from_text, to_text
from graphchat_relay.bus import Gap, News, Wake

CHANNEL: Final = "graphchat_relay"
# PostgreSQL takes less than 8,000 bytes.
PAYLOAD: Final = 7_900
HASH: Final = 32
# Hints that wait while there is no connection; after that a gap tells the others.
MOST: Final = 100_000
# Seconds between attempts to connect, and that one may take.
PAUSE: Final = 1.0
PATIENCE: Final = 10.0
FAULTS: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError)

LOG: Final = logging.getLogger("graphchat_relay")


class PostgresBus:
    """One connection that listens and notifies; it connects itself again."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._name = token_hex(4)
        self._wakes: list[Wake] = []
        self._gaps: list[Gap] = []
        self._news: dict[bytes, int] = {}
        self._wake = asyncio.Event()
        self._lost = False
        self._complained = False

    def publish(self, news: News) -> None:
        for queue, epoch in news.items():
            if len(self._news) >= MOST and queue not in self._news:
                continue  # those who connect anew look at everything
            self._news[queue] = max(epoch, self._news.get(queue, 0))
        self._wake.set()

    def on_wake(self, wake: Wake) -> None:
        self._wakes.append(wake)

    def on_gap(self, gap: Gap) -> None:
        self._gaps.append(gap)

    async def run(self) -> None:
        while True:
            try:
                await self._connected()
            except FAULTS as error:
                self._complain(error)
            # What was published meanwhile is still here; what others published is not.
            await asyncio.sleep(PAUSE)

    def _complain(self, error: Exception) -> None:
        """Log once that the replicas do not hear each other: everything still works, late."""
        if not self._complained:
            self._complained = True
            kind = type(error).__name__
            LOG.error("the replicas cannot wake each other: %s. Check store_direct.", kind)

    async def _connected(self) -> None:
        connection = await asyncpg.connect(self._dsn, timeout=PATIENCE)
        try:
            self._lost = False
            connection.add_termination_listener(self._ended)
            await connection.add_listener(CHANNEL, self._heard)
            self._complained = False
            for gap in self._gaps:
                gap()
            while not self._lost:
                await self._wake.wait()
                self._wake.clear()
                for payload in self._payloads():
                    await connection.execute(
                        "SELECT pg_notify($1, $2)", CHANNEL, payload, timeout=PATIENCE
                    )
        finally:
            connection.terminate()

    def _payloads(self) -> Iterator[str]:
        """Yield what to send; what gathers while one is on its way goes into the next."""
        while self._news:
            parts, room = [self._name], PAYLOAD - len(self._name)
            while self._news and room > 0:
                queue, epoch = self._news.popitem()
                part = f"{to_text(queue)}:{epoch}" if epoch else to_text(queue)
                room -= len(part) + 1
                if room < 0:
                    self._news[queue] = epoch
                else:
                    parts.append(part)
            yield " ".join(parts)

    def _ended(self, _: Any) -> None:
        self._lost = True
        self._wake.set()

    def _heard(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        name, *parts = str(payload).split(" ")
        if name == self._name:
            return
        news: dict[bytes, int] = {}
        with suppress(RemoteProtocolError, ValueError):  # somebody else's words: a hint less
            for part in parts:
                queue, _, epoch = part.partition(":")
                news[from_text(queue, HASH)] = int(epoch or 0)
        for wake in self._wakes:
            wake(news)
