"""What leaves by the lanes: sealing when there is room, repeating until a relay says OK.

Policy `all` (docs/protocol.md, section 15): every frame goes to every lane; a lane that is
down keeps its sealed envelopes, at most 16, and seals nothing more until they are gone. Policy
`hedge`: it goes to one, and to the next when no OK, or no receipt, comes in time.
"""

from collections.abc import Iterator
from functools import partial
from itertools import takewhile
from typing import Final

from graphchat.client import rows
from graphchat.client.context import Context
from graphchat.client.hedging import ranks
from graphchat.client.links import Links
from graphchat.client.live import Live, OwnFrame, Traffic
from graphchat.client.policy import hedges
from graphchat.client.unit import Unit
from graphchat.errors import RelayError, RelayUnreachableError


class Flow:
    """The sending side of all loaded connections."""

    def __init__(self, context: Context, links: Links) -> None:
        self._context: Final = context
        self._links: Final = links
        self._owners: dict[int, tuple[int, int]] = {}
        """Connection and lane of the envelope with a tag."""

    def available(self, live: Live) -> list[int]:
        """Return the lanes that can carry one more envelope now."""
        return [
            number
            for number, lane in live.connection.lanes.items()
            if lane.can_send and live.traffic[number].room > 0 and self._open(live, number)
        ]

    def _open(self, live: Live, number: int) -> bool:
        now = self._context.clock.monotonic()
        return live.traffic[number].retry_at <= now and self._links.is_up(live, number)

    async def wanted(self, live: Live) -> list[tuple[int, int, OwnFrame]]:
        """Return what to seal now, as lane, number and frame, so that no lane has a hole."""
        found: list[tuple[int, int, OwnFrame]] = []
        for number, last in self._limits(live).items():
            traffic = live.traffic[number]
            lane = live.connection.lanes[number].state
            wanted = list(_wanted(live, traffic, lane.sealed, last))
            for seq, frame in await self._frames(live, wanted):
                found.append((number, seq, frame))
        return found

    async def _frames(self, live: Live, wanted: list[int]) -> list[tuple[int, OwnFrame]]:
        missing = [seq for seq in wanted if seq not in live.recent]
        if missing:
            read = partial(rows.frames, live.id, missing)
            for seq, data in await self._context.database.read(read):
                live.recent[seq] = OwnFrame.unpack(data)
        # Up to the first that is not at hand: a lane must have no hole.
        ready = takewhile(live.recent.__contains__, wanted)
        return [(seq, live.recent[seq]) for seq in ready]

    def has_more(self, live: Live) -> bool:
        """Tell whether a lane could seal more at once."""
        outbox = live.connection.state.outbox
        return any(
            live.traffic[number].again
            or max(live.connection.lanes[number].state.sealed, outbox.covered) < last
            for number, last in self._limits(live).items()
        )

    def _limits(self, live: Live) -> dict[int, int]:
        """Return the frame up to which each lane that can send may go now."""
        outbox, lanes = live.connection.state.outbox, live.connection.lanes
        available, now = self.available(live), self._context.clock.monotonic()
        if not hedges(self._context, live):
            return dict.fromkeys(available, outbox.seq)
        return {
            number: live.watch.limit(
                rank, max(lanes[number].state.sealed, outbox.covered) + 1, outbox.seq, now
            )
            for number, rank in ranks(lanes, available).items()
        }

    def is_behind(self, live: Live) -> bool:
        """Tell whether no relay has our newest frame yet."""
        outbox = live.connection.state.outbox
        return outbox.covered < outbox.seq and not any(
            lane.state.sealed >= outbox.seq
            and all(waiting.seq != outbox.seq for waiting in live.traffic[number].waiting.values())
            for number, lane in live.connection.lanes.items()
        )

    def hand_over(self, live: Live, number: int) -> None:
        """Give the socket what it does not have yet, oldest first."""
        # The lane may have been given up since this was put off.
        if number not in live.traffic or not self._open(live, number):
            return
        traffic = live.traffic[number]
        for waiting in list(traffic.waiting.values()):
            if waiting.tag not in traffic.handed:
                self._owners[waiting.tag] = (live.id, number)
                self._links.send(live, number, traffic, waiting)

    def answered(self, unit: Unit, tag: int, error: RelayError | None) -> Live | None:
        """Take the answer of a relay; return the connection that may go on."""
        owner = self._owners.pop(tag, None)
        if owner is None:
            return None
        row_id, number = owner
        # Loaded anew it is another object, with the same tags; removed, it is none.
        live = self._context.lives.get(row_id)
        if live is None or number not in live.traffic:
            return None
        traffic = live.traffic[number]
        traffic.handed.discard(tag)
        waiting = traffic.waiting.get(tag)
        if waiting is None:
            return live
        if error is not None:
            self._refused(traffic, error)
            return live
        traffic.recovered()
        del traffic.waiting[tag]
        # What the same relay refused before this has nothing else to wait for now.
        unit.after(partial(self.hand_over, live, number))
        unit.write(rows.drop_envelope(tag))
        # Written with the next change of the lane: after a crash it is doubted a little later.
        live.connection.lanes[number].taken(waiting.seq)
        if waiting.seq:
            live.watch.took(waiting.seq)
            unit.write(rows.sent(self._context.devices.contact_of(live.id), live.id, waiting.seq))
            unit.after(partial(self._context.progress_frame, live.id, waiting.seq))
        return live

    def _refused(self, traffic: Traffic, error: RelayError) -> None:
        # The socket says when it is up again; anything else is tried again after a while.
        if isinstance(error, RelayUnreachableError):
            return
        now = self._context.clock.monotonic()
        if traffic.retry_at <= now:
            jitter = self._context.clock.random(1)[0] / 255
            traffic.back_off(now, jitter)

    def room(self, sender: bytes) -> Iterator[Live]:
        """Let the lane to a queue that was full go on at once."""
        for live in self._context.lives.values():
            for number, lane in live.connection.lanes.items():
                peer = lane.state.peer
                if peer is not None and peer.sender_id == sender:
                    live.traffic[number].recovered()
                    yield live

    def next_retry(self, live: Live) -> float | None:
        """Return when a lane of ``live`` wants to try again, or has its turn, if one does."""
        now = self._context.clock.monotonic()
        moments = [traffic.retry_at for traffic in live.traffic.values() if traffic.retry_at > now]
        if live.watch.waits and hedges(self._context, live):
            lanes = live.connection.lanes
            sealed = {number: lane.state.sealed for number, lane in lanes.items()}
            turn = live.watch.next(ranks(lanes, self.available(live)), sealed, now)
            moments += [] if turn is None else [turn]
        return min(moments, default=None)


def _wanted(live: Live, traffic: Traffic, sealed: int, last: int) -> Iterator[int]:
    """Yield the numbers that a lane seals next: what was asked for again, then up to ``last``."""
    room, outbox = traffic.room, live.connection.state.outbox
    while room and traffic.again:
        seq = traffic.again.popleft()
        if seq > outbox.covered:
            room -= 1
            yield seq
    first = max(sealed, outbox.covered) + 1
    yield from range(first, min(last, first + room - 1) + 1)
