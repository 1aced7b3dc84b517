"""How many requests go to relays at the same time: few in all, and fewer to each of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit


def host_of(base: str) -> str:
    """Return host and port of a base URI: what costs something to have many of, unlike paths."""
    return urlsplit(base).netloc


@dataclass(slots=True)
class _Gate:
    slots: asyncio.Semaphore
    users: int = 0


class Slots:
    """Lets ``total`` requests go at once, and ``each`` of them to one host.

    Who waits for a host that does not answer takes no place from those who ask others.
    """

    def __init__(self, total: int, each: int) -> None:
        self._total: Final = asyncio.Semaphore(total)
        self._each: Final = each
        self._gates: dict[str, _Gate] = {}

    @asynccontextmanager
    async def at(self, base: str) -> AsyncIterator[None]:
        """Hold a slot for a request to the relay at ``base``; waits until there is one."""
        host = host_of(base)
        gate = self._gates.setdefault(host, _Gate(asyncio.Semaphore(self._each)))
        gate.users += 1
        try:
            async with gate.slots, self._total:
                yield
        finally:
            gate.users -= 1
            if not gate.users:
                del self._gates[host]
