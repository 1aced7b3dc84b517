"""How fast messages leave: token buckets for each chat and for the whole bot."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, final

from graphchat_bots.limits import Limits
from graphchat_bots.timer import Timer

MAX_CHATS: Final = 10_000
# Less of a message than this is missing because of floats, and no clock could wait for it.
ROUNDING: Final = 1e-3


@dataclass(slots=True)
class Bucket:
    """So many at once, and then so many a second."""

    rate: float
    burst: float
    left: float
    at: float
    """When ``left`` was right, in seconds."""

    def wait(self, now: float) -> float:
        """Return seconds until the next may leave."""
        self.left = min(self.burst, self.left + max(now - self.at, 0) * self.rate)
        self.at = now
        missing = 1 - self.left
        return missing / self.rate if missing > ROUNDING else 0.0


@final
class Pace:
    """Lets messages go, in a hurry first."""

    def __init__(self, timer: Timer, limits: Limits) -> None:
        self._timer = timer
        self._rate = limits.chat_rate
        self._burst = limits.chat_burst
        self._chats: OrderedDict[str, Bucket] = OrderedDict()
        self._all = _bucket(limits.rate, max(limits.rate, 1), timer.monotonic())
        self._hurried = 0

    async def go(self, chat: str, *, bulk: bool) -> None:
        """Wait until a message may leave to ``chat``, and count it."""
        if (bucket := self._bucket(chat)) is not None:
            while (seconds := bucket.wait(self._timer.monotonic())) > 0:
                await self._timer.sleep(seconds)
            bucket.left -= 1
        if self._all is not None:
            await self._go(self._all, bulk=bulk)

    async def _go(self, bucket: Bucket, *, bulk: bool) -> None:
        self._hurried += not bulk
        try:
            while (seconds := bucket.wait(self._timer.monotonic())) > 0 or (
                bulk and self._hurried > 0
            ):
                await self._timer.sleep(max(seconds, 1 / bucket.rate))
        finally:
            self._hurried -= not bulk
        bucket.left -= 1

    def _bucket(self, chat: str) -> Bucket | None:
        if chat in self._chats:
            self._chats.move_to_end(chat)
            return self._chats[chat]
        bucket = _bucket(self._rate, self._burst, self._timer.monotonic())
        if bucket is not None:
            self._chats[chat] = bucket
            if len(self._chats) > MAX_CHATS:
                self._chats.popitem(last=False)
        return bucket


def _bucket(rate: float, burst: float, now: float) -> Bucket | None:
    return Bucket(rate, burst, burst, now) if rate > 0 else None
