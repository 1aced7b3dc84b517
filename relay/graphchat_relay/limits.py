"""What keeps one relay from being used up."""

from dataclasses import dataclass

from graphchat.clock import Clock
from graphchat.wire import limits


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers that an operator may choose."""

    quota_messages: int = limits.QUOTA_MESSAGES
    quota_bytes: int = limits.QUOTA_BYTES
    open_quota_messages: int = limits.OPEN_QUOTA_MESSAGES
    message_days: int = limits.MESSAGE_DAYS
    open_queue_days: int = limits.OPEN_QUEUE_DAYS
    creations_per_second: float = 50
    """Over all clients together: a relay does not tell them apart."""
    pending_bytes: int = 64 * 1024 * 1024
    """Envelopes that wait for the disk. Beyond it senders are told to come back."""
    sockets: int = 20_000
    queues_per_socket: int = 20_000


class Bucket:
    """A rate, with bursts of ten seconds' worth."""

    def __init__(self, clock: Clock, rate: float) -> None:
        self._clock = clock
        self._rate = rate
        self._level = self._size = max(1.0, 10 * rate)
        self._at = clock.monotonic()

    def take(self) -> bool:
        """Take one, if there is one."""
        now = self._clock.monotonic()
        self._level = min(self._size, self._level + (now - self._at) * self._rate)
        self._at = now
        if self._level < 1:
            return False
        self._level -= 1
        return True
