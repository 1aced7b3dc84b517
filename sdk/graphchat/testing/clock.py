"""A clock whose time stands still and whose dice fall the same way each time."""

from hashlib import sha256
from typing import Final, final

BLOCK: Final = 32


@final
class FakeClock:
    """Randomness from a seed: block ``n`` is ``SHA-256(seed || u64 n)``, counted from 0.

    Each call of `random` takes as many whole blocks as it needs, and drops what is left of the
    last. `advance` moves the time.
    """

    def __init__(self, seed: bytes = b"", now: float = 1_700_000_000.0) -> None:
        self._seed = seed
        self._blocks = 0
        self._now = now
        self._monotonic = 0.0

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass. Raises `ValueError` for a step back."""
        if seconds < 0:
            raise ValueError("time does not go back")
        self._now += seconds
        self._monotonic += seconds

    def random(self, size: int) -> bytes:
        first = self._blocks
        self._blocks += -(-size // BLOCK)
        return b"".join(self._block(n) for n in range(first, self._blocks))[:size]

    def _block(self, number: int) -> bytes:
        return sha256(self._seed + number.to_bytes(8, "big")).digest()
