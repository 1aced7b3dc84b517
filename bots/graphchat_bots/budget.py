"""How often a bot answers another bot before it falls silent: two echo bots must stop."""

from collections import deque
from typing import Final

MOST: Final = 10
"""Automatic replies in a row."""
WINDOW: Final = 60.0
"""Seconds that the row is counted over."""
MAX_PEERS: Final = 10_000


class Budget:
    """Automatic replies to other bots, by the id of the sender."""

    def __init__(self) -> None:
        self._spent: dict[str, deque[float]] = {}

    def allows(self, peer: str, now: float) -> bool:
        """Say whether another answer may leave."""
        spent = self._spent.get(peer, deque())
        while spent and spent[0] <= now - WINDOW:
            spent.popleft()
        return len(spent) < MOST

    def spend(self, peer: str, now: float) -> None:
        """Count one answer."""
        # The one that was answered longest ago is forgotten first.
        spent = self._spent.pop(peer, deque(maxlen=MOST))
        spent.append(now)
        self._spent[peer] = spent
        if len(self._spent) > MAX_PEERS:
            del self._spent[next(iter(self._spent))]
