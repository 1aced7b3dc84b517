"""A signal that wakes everybody who waits for it."""

import asyncio


class Pulse:
    """Wakes everybody who waits for a change, and forgets them."""

    def __init__(self) -> None:
        self.count = 0
        """How often it has beaten."""
        self._waiting: set[asyncio.Future[None]] = set()

    def beat(self) -> None:
        self.count += 1
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def wait(self, since: int | None = None) -> None:
        """Return at the next `beat`, or at once if there was one after count ``since``."""
        if since is not None and since != self.count:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)
