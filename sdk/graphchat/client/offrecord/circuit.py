"""The way of one chat to its relays: connections and queues that nothing else goes by."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from graphchat.client import lanes
from graphchat.client.live import Live, relay_of
from graphchat.client.queues import make_lanes
from graphchat.core.lane import LaneState
from graphchat.crypto.keys import SigningKey
from graphchat.errors import GraphchatError
from graphchat.ids import QueueId
from graphchat.transport.ports import Transport

if TYPE_CHECKING:
    from graphchat.client.context import Context

# Lanes of a chat, where the home has so many relays.
LANES: Final = 2
# Numbers of circuits are far from those of profiles.
FIRST: Final = 2**40
# Seconds that deleting the queues may take.
PATIENCE: Final = 3.0


@dataclass(frozen=True, slots=True)
class Circuit:
    """Connections for one chat: no relay sees that it is of the same profile as others."""

    transport: Transport
    number: int
    """The profile that the transport keeps apart from all others."""

    @classmethod
    def new(cls, context: "Context") -> Self:
        number = FIRST + int.from_bytes(context.clock.random(5), "big")
        return cls(context.transport, number)

    async def queues(self, context: "Context", live: Live, wanted: int = LANES) -> list[LaneState]:
        """Make fresh queues: at relays that the contact does not know yet, if there are some.

        They stay open, so that their relay deletes them after a while if we cannot. Raises as
        `make_lanes`.
        """
        known = [lane.state.relay for lane in live.connection.lanes.values()]
        relays = lanes.choose(context, live, known)
        transport = self.transport.of(self.number)
        return await make_lanes(transport, relays, wanted, context.clock, distinct=True)

    async def leave(self, queues: Sequence[LaneState]) -> None:
        """Delete queues, as far as relays can be reached, and close the connections."""
        with suppress(TimeoutError, GraphchatError):
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*map(self._remove, queues))
        with suppress(GraphchatError):
            await self.transport.of(self.number).close()

    async def _remove(self, queue: LaneState) -> None:
        with suppress(GraphchatError):
            await self.transport.of(self.number).remove(
                relay_of(queue.relay, queue.base),
                QueueId(queue.recipient_id),
                SigningKey(queue.recipient_key),
            )
