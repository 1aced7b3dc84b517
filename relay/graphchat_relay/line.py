"""What carries the frames of one socket: the seam between a `Socket` and whatever serves it."""

from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any, Final, Protocol

Scope = MutableMapping[str, Any]
AsgiReceive = Callable[[], Awaitable[Any]]
AsgiSend = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Waiting = Coroutine[Any, Any, None]

# Seconds that a peer has to take the news that it has to go.
FAREWELL: Final = 1.0


class Receiver(Protocol):
    """Who hears what a line brings."""

    def take(self, frame: str | bytes) -> Waiting | None:
        """Do what a frame asks. What is returned has to end before the next frame."""
        ...

    def resume(self) -> None:
        """Learn that the line takes something again."""
        ...

    def lost(self) -> None:
        """Learn that it never will."""
        ...

    @property
    def patience(self) -> float:
        """Seconds that the peer may take nothing while something waits for it."""
        ...

    def stalled(self) -> None:
        """Learn that it did."""
        ...

    def hold(self, count: int) -> None:
        """Learn that so many bytes more, or less, of what is coming in are held."""
        ...


class Line(Protocol):
    """A WebSocket that was accepted."""

    @property
    def writable(self) -> bool:
        """False while enough is under way."""
        ...

    @property
    def held(self) -> int:
        """Bytes of what is coming in, and not complete."""
        ...

    @property
    def broken(self) -> bool:
        """Tell whether it is known that the peer has gone."""
        ...

    def write(self, frame: str | bytes) -> None:
        """Send a frame. To be called while `writable` only."""
        ...

    async def serve(self, receiver: Receiver) -> None:
        """Hand over each frame, one after the other, until the peer has gone."""
        ...

    async def close(self, code: int) -> None:
        """Ask the peer to go; break the connection if it does not listen."""
        ...

    def abort(self) -> None:
        """Break the connection."""
        ...
