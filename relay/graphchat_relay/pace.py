"""How fast one socket may ask: beyond that it is read from later, and with garbage no more.

A socket is known by nothing but itself: whoever opens another has another pace, and needs another
of the sockets, which are limited too.
"""

from typing import Final

from graphchat.clock import Clock
from graphchat.wire.limits import S
from graphchat_relay.buckets import Bucket
from graphchat_relay.limits import Limits

# What an invalid object costs: it is answered, and it was made by nobody who means well.
GARBAGE: Final = 16
# Seconds over which the invalid objects that a socket may send come back.
MEMORY: Final = 300.0
# The longest wait after one frame, in seconds; what is owed then is owed still.
LONGEST: Final = 10.0


class Pace:
    """An object costs a unit, and so does each 4,608 bytes, the smallest envelope, of a frame."""

    __slots__ = ("_garbage", "_units")

    def __init__(self, clock: Clock, limits: Limits) -> None:
        self._units = Bucket(clock, limits.objects_per_second, limits.objects_burst)
        most = limits.invalid_objects
        self._garbage = Bucket(clock, most / MEMORY, most)

    def after(self, objects: int, size: int, invalid: int) -> float:
        """Count a frame of ``size`` bytes; return the seconds to wait before the next."""
        cost = objects + size / S + GARBAGE * invalid
        return min(LONGEST, self._units.spend(cost))

    def bears(self, invalid: int) -> bool:
        """Count invalid objects; tell whether the socket may send on."""
        return self._garbage.take(invalid)
