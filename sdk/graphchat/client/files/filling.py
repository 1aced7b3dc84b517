"""The chunks of one file, brought to relays: each to several, as long as there are several.

Rule: a queue is stored before a chunk goes to it, and what a relay has acknowledged is noted
before the next one goes: after a crash nothing is sent again but what nobody knew of.
"""

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from graphchat.client.apply import Applier
from graphchat.client.context import Context
from graphchat.client.files import disk, removing, rows
from graphchat.client.files.each import each
from graphchat.client.files.records import Place, PlaceState, Stored
from graphchat.client.live import relay_of
from graphchat.client.pulse import Pulse
from graphchat.core import chunks
from graphchat.core.chunks import Layout
from graphchat.crypto.keys import SigningKey
from graphchat.errors import (
    BadRequestError,
    QuotaError,
    RateError,
    RelayError,
    RelayUnreachableError,
    UnauthorizedError,
)
from graphchat.ids import QueueId
from graphchat.transport.ports import Transport
from graphchat.wire.uri import RelayAddress

if TYPE_CHECKING:
    from graphchat.client.engine import Engine

# Strips on their way at the same time: each holds a chunk or two in memory.
AT_ONCE: Final = 3
# Seconds for which a relay that failed is left alone.
REST: Final = 20.0
# Seconds before the tries to have second copies too, after the first ones are there.
AGAIN: Final = (1.0, 3.0, 6.0)
# How often a relay may ask to slow down before another one is tried.
SLOWER: Final = 20


class Filling:
    """One file on its way to relays."""

    def __init__(self, engine: "Engine", stored: Stored, profile: int) -> None:
        self._engine: Final = engine
        self._context: Final[Context] = engine.context
        self.profile: Final = profile
        """Whose connections to relays are used."""
        self.stored: Final = stored
        self.layout: Final = Layout(stored.state.size, stored.state.strip)
        self.pulse: Final = Pulse()
        """Beats when a relay has taken a chunk."""
        self._resting: dict[bytes, float] = {}

    @property
    def total(self) -> int:
        """Bytes that relays are to have, all copies together."""
        return self.stored.state.size * self.stored.state.copies

    @property
    def done(self) -> int:
        """Bytes that relays have."""
        length = self.layout.length
        return sum(
            length(chunk)
            for (strip, _), place in self.stored.places.items()
            for chunk in self.layout.of(strip)[: place.done]
        )

    async def run(self) -> None:
        """Return once every chunk is at a relay, and at a second one if one could be had.

        Raises `RelayError` if no relay takes them, `StateError` if the file is not what it was.
        """
        await each(self._first, self.layout.strips, AT_ONCE)
        for seconds in AGAIN:
            if not self._thin():
                return
            self._resting.clear()
            await each(self._more, self.layout.strips, AT_ONCE)
            if self._thin():
                await asyncio.sleep(seconds)

    def _thin(self) -> list[int]:
        """Return the strips that are at fewer relays than they should be."""
        wanted = min(self.stored.state.copies, len(self._context.relays))
        return [
            strip
            for strip in range(self.layout.strips)
            if sum(self.is_full(strip, n) for n in range(self.stored.state.copies)) < wanted
        ]

    def parts(self) -> list[PlaceState]:
        """Return queues that have some of a strip, and not all."""
        return [
            place.state
            for (strip, number), place in self.stored.places.items()
            if not self.is_full(strip, number)
        ]

    def is_full(self, strip: int, number: int) -> bool:
        place = self.stored.places.get((strip, number))
        return place is not None and place.done == len(self.layout.of(strip))

    async def _first(self, strip: int) -> None:
        error = await self._copy(strip, 0)
        if error is not None:
            raise error
        await self._more(strip)

    async def _more(self, strip: int) -> None:
        for number in range(1, self.stored.state.copies):
            await self._copy(strip, number)

    async def _copy(self, strip: int, number: int) -> RelayError | None:
        """Have one copy of a strip at a relay; return why that cannot be now."""
        if self.is_full(strip, number):
            return None
        problem: RelayError = RelayUnreachableError()
        for relay in self._candidates(strip, number):
            try:
                await self._at(relay, strip, number)
            except RelayError as error:
                self._resting[relay.fingerprint] = self._context.clock.monotonic() + REST
                problem = error
            else:
                return None
        return problem

    def _candidates(self, strip: int, number: int) -> Iterator[RelayAddress]:
        """Yield our relays that have no other copy of the strip, in turn, the begun one first."""
        relays, now = self._context.relays, self._context.clock.monotonic()
        taken = {
            place.state.relay
            for (other, copy), place in self.stored.places.items()
            if other == strip and copy != number
        }
        begun = self.stored.places.get((strip, number))
        turn = (strip + number) % max(len(relays), 1)
        order = [*relays[turn:], *relays[:turn]]
        if begun is not None:
            order.sort(key=lambda relay: relay.fingerprint != begun.state.relay)
        for relay in order:
            resting = self._resting.get(relay.fingerprint, 0.0) > now
            if relay.fingerprint not in taken and not resting:
                yield relay

    async def _at(self, relay: RelayAddress, strip: int, number: int) -> None:
        for _ in range(SLOWER):
            try:
                await self._try(relay, strip, number)
            except RateError as error:
                await asyncio.sleep(error.retry_after)
            else:
                return
        raise RateError

    async def _try(self, relay: RelayAddress, strip: int, number: int) -> None:
        place = self.stored.places.get((strip, number))
        if place is None or place.state.relay != relay.fingerprint:
            place = await self._queue(relay, strip, number)
        try:
            await self._fill(place, strip, number)
        except (QuotaError, UnauthorizedError, BadRequestError):
            # It was sent to more often than is known, or it is gone: once more, in a fresh one.
            await self._fill(await self._queue(relay, strip, number), strip, number)

    async def _queue(self, relay: RelayAddress, strip: int, number: int) -> Place:
        """Make a queue for a strip; what one before it has got is given up."""
        key = SigningKey.generate(self._context.clock)
        made = await self._transport.create(relay, key)
        state = PlaceState(relay.fingerprint, relay.base, made.recipient, made.sender, key.seed)
        before = self.stored.places.get((strip, number))

        async def note(turn: Applier) -> None:
            if before is not None:
                removing.remove(turn, self.profile, [before.state])
            turn.unit.write(rows.place(self.stored.id, strip, number, state))

        await self._engine.do(note)
        self.stored.places[strip, number] = place = Place(state)
        return place

    async def _fill(self, place: Place, strip: int, number: int) -> None:
        relay = relay_of(place.state.relay, place.state.base)
        wanted: Sequence[int] = self.layout.of(strip)
        for chunk in wanted[place.done :]:
            envelope = await asyncio.to_thread(self._sealed, chunk)
            await self._transport.put(relay, QueueId(place.state.sender_id), envelope)
            done = place.done + 1
            note = partial(rows.advance, self.stored.id, strip, number, done)
            await self._context.database.write(note)
            place.done = done
            self.pulse.beat()

    def _sealed(self, chunk: int) -> bytes:
        state = self.stored.state
        known = state.digests[chunk * disk.DIGEST : (chunk + 1) * disk.DIGEST]
        data = disk.chunk(self.stored.path, chunk, known)
        return chunks.seal(state.key, self.layout, chunk, data, self._context.clock)

    @property
    def _transport(self) -> Transport:
        return self._context.transport.of(self.profile)
