"""Token buckets: what may be done at a rate, with bursts. They read no clock but the one given."""

from typing import Final

from graphchat.clock import Clock

# Buckets beyond which those that are full, which are as good as none, are looked for.
MANY: Final = 256


class Bucket:
    """Holds up to ``burst`` units, and gets ``rate`` units a second."""

    __slots__ = ("_at", "_burst", "_clock", "_level", "_rate")

    def __init__(self, clock: Clock, rate: float, burst: float) -> None:
        self._clock = clock
        self._rate = rate
        self._level = self._burst = burst
        self._at = clock.monotonic()

    @property
    def full(self) -> bool:
        self._fill()
        return self._level >= self._burst

    def take(self, units: float = 1.0) -> bool:
        """Take so many, if they are there."""
        self._fill()
        if self._level < units:
            return False
        self._level -= units
        return True

    def spend(self, units: float) -> float:
        """Take so many, there or not; return the seconds until nothing is owed."""
        self._fill()
        self._level -= units
        return max(0.0, -self._level / self._rate)

    def wait(self, units: float = 1.0) -> float:
        """Return the seconds until so many are there."""
        self._fill()
        return max(0.0, (units - self._level) / self._rate)

    def _fill(self) -> None:
        now = self._clock.monotonic()
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now


class Buckets:
    """A bucket for each key, as long as it is not full."""

    def __init__(self, clock: Clock, rate: float, burst: float) -> None:
        self._clock = clock
        self._rate = rate
        self._burst = burst
        self._by_key: dict[bytes, Bucket] = {}
        self._most = MANY

    def __len__(self) -> int:
        return len(self._by_key)

    def of(self, key: bytes) -> Bucket:
        found = self._by_key.get(key)
        if found is None:
            self._make_room()
            found = self._by_key[key] = Bucket(self._clock, self._rate, self._burst)
        return found

    def _make_room(self) -> None:
        if len(self._by_key) >= self._most:
            self._by_key = {key: one for key, one in self._by_key.items() if not one.full}
            self._most = max(MANY, 2 * len(self._by_key))
