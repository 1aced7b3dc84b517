"""How much a relay holds in memory for others, and who goes when that is too much.

Counted is what grows with what peers send or do not take: envelopes in use, what waits for a
socket, messages and bodies that are coming in, answers on their way. Nothing of it is safe yet, or
it is on the medium: whoever has to go loses a connection, and no message.
"""

import asyncio
import sys
from collections.abc import Callable, Iterable
from typing import Final, Protocol

# Who holds less is not worth a broken connection.
WORTH: Final = 64 * 1024
# Seconds between two looks who holds most: each is one at everybody.
BETWEEN: Final = 0.05


class Holder(Protocol):
    """Somebody for whom bytes are held."""

    @property
    def held(self) -> int: ...

    def shed(self) -> None:
        """Let all of it go."""
        ...


def nobody() -> Iterable[Holder]:
    return ()


class Ledger:
    def __init__(self, most: int = 0) -> None:
        """``most`` bytes; 0: without bound."""
        self.most = most or sys.maxsize
        self.used = 0
        self.holders: Callable[[], Iterable[Holder]] = nobody
        self._planned = False

    @property
    def over(self) -> bool:
        return self.used > self.most

    @property
    def room(self) -> int:
        return self.most - self.used

    def hold(self, count: int) -> None:
        """Count bytes; a negative number was let go."""
        self.used += count
        if count > 0 and self.used > self.most and not self._planned:
            self._planned = True
            asyncio.get_running_loop().call_later(BETWEEN, self._relieve)

    def _relieve(self) -> None:
        """Send away who holds most, until there is an eighth of room."""
        self._planned = False
        if not self.over:
            return
        enough = self.used - self.most * 7 // 8
        found = [(holder.held, holder) for holder in self.holders()]
        for held, holder in sorted(found, key=lambda one: one[0], reverse=True):
            if enough <= 0 or held < WORTH:
                break
            enough -= held
            holder.shed()
