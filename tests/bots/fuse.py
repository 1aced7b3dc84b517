"""A way to die at every line that waits for a disk or the network."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

import pytest

from graphchat.store import Database
from graphchat_bots.testing.memory_port import MemoryPort

Method = Callable[..., Coroutine[Any, Any, Any]]

POINTS = (
    (Database, "read"),
    (Database, "write"),
    (MemoryPort, "receive"),
    (MemoryPort, "acknowledge"),
    (MemoryPort, "send"),
)


class Fuse:
    """Burns at point number ``at``: from then on nothing goes on, as in a dead process.

    There is a point before and one after everything that waits for a disk or the network.
    """

    def __init__(self) -> None:
        self.at = 0
        self.passed = 0
        self.burnt = asyncio.Event()

    def arm(self, at: int) -> None:
        self.at, self.passed = at, 0
        self.burnt.clear()

    def disarm(self) -> None:
        self.at = 0

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for owner, name in POINTS:
            monkeypatch.setattr(owner, name, self._with_points(getattr(owner, name)))

    async def point(self) -> None:
        if not self.at:
            return
        self.passed += 1
        if self.passed >= self.at:
            self.burnt.set()
            await asyncio.Event().wait()

    def _with_points(self, method: Method) -> Method:
        @wraps(method)
        async def call(*args: Any, **kwargs: Any) -> Any:
            await self.point()
            result = await method(*args, **kwargs)
            await self.point()
            return result

        return call
