"""Lanes that come and go while a connection lives: replaced when due, or when a relay fails.

Who wants a lane offers a queue (`lane.add`); the other side answers with one (`lane.accept`);
both try the lane (`lane.test`); then the lane that it replaces is removed (`lane.remove`).
docs/protocol.md, section 15.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from graphchat.clock import Clock
from graphchat.content import LaneAccept, LaneAdd, LaneRemove, LaneTest, Message
from graphchat.content.lanes import MAX_LANES, MAX_NUMBERS, SEED, Offer, Reason
from graphchat.core import effects as do
from graphchat.core.doubt import Schedule, why_replace
from graphchat.core.effects import Effect
from graphchat.core.lane import Lane, LaneState
from graphchat.crypto.agreement import LaneSecrets, added_lane_secrets
from graphchat.errors import LocalProtocolError, RemoteProtocolError
from graphchat.ids import ConnectionId
from graphchat.secret import Secret

# Numbers below are lanes of the handshake. Above, Alice takes even ones and Bob odd ones.
FIRST_ADDED: Final = 16
# Seconds before another try, at most.
LONGEST_PAUSE: Final = 86_400.0


class Adding(msgspec.Struct):
    """A lane that we want, until it works or is given up."""

    number: int
    why: Reason
    replaces: int | None
    since: float
    """Seconds since 1970."""
    seed: Secret


class RotationState(msgspec.Struct):
    """What is stored of the change of lanes."""

    added: int = 0
    """Lanes that this side has ever wanted, so that no number is used twice."""
    adding: Adding | None = None
    joining: dict[int, LaneAdd] = msgspec.field(default_factory=dict[int, LaneAdd])
    """Lanes that the other side offers, for which we make a queue."""
    failures: int = 0
    """Additions in a row that came to nothing."""
    not_before: float = 0.0
    """When to want another lane, in seconds since 1970."""


@dataclass(slots=True)
class Rotation:
    """Changes ``lanes``; returns what is to be stored and done."""

    state: RotationState
    lanes: dict[int, Lane]
    cid: ConnectionId
    is_alice: bool
    clock: Clock
    schedule: Schedule
    say: Callable[[Message], do.Store]
    """Writes a frame of our stream."""
    by_lane: Callable[[Message, int], do.Sealed]
    """Seals a frame outside of the stream for one lane."""

    # What we want

    def left(self, now: float) -> float | None:
        """Return the seconds until `wish` has something to do; None if that is never."""
        if (adding := self.state.adding) is not None:
            return max(0.0, adding.since + self.schedule.give_up - now)
        moments = [self._due(lane, now) for lane in self._active()]
        if not moments:
            return None
        return max(0.0, max(min(moments), self.state.not_before) - now)

    def _due(self, lane: Lane, now: float) -> float:
        bad = why_replace(lane, now, self.schedule, is_alice=self.is_alice) is not None
        return now if bad else self.schedule.due(lane, is_alice=self.is_alice)

    def wish(self, now: float) -> list[Effect]:
        """Give up what takes too long; want a lane in place of one that is bad or old."""
        adding = self.state.adding
        if adding is not None:
            return self._give_up(now) if adding.since + self.schedule.give_up <= now else []
        if now < self.state.not_before:
            return []
        for lane in self._active():
            why = why_replace(lane, now, self.schedule, is_alice=self.is_alice)
            if why is not None:
                return self.want(why, lane.state.number)
        return []

    def want(self, why: Reason, replaces: int | None = None) -> list[Effect]:
        """Want a lane. Raises `LocalProtocolError` if one is wanted already."""
        if self.state.adding is not None:
            raise LocalProtocolError("one lane is added after the other")
        number = FIRST_ADDED + 2 * self.state.added + (0 if self.is_alice else 1)
        self.state.added += 1
        seed = Secret(self.clock.random(SEED))
        self.state.adding = Adding(number, why, replaces, self.clock.now(), seed)
        found: list[Effect] = [do.Widen(number, why, replaces)]
        if why in {"drops", "away"} and replaces is not None:
            found.append(do.Blame(self.lanes[replaces].state, why))
        return found

    def offer(self, fresh: LaneState) -> list[Effect]:
        """Offer a lane for which we have a queue now; none if it is not wanted any more."""
        adding = self.state.adding
        if adding is None or adding.number != fresh.number or fresh.number in self.lanes:
            return [do.Remove(fresh)]
        lane = self.lanes[fresh.number] = Lane(fresh)
        seed = adding.seed.reveal()
        add = LaneAdd(fresh.number, lane.offer(), seed, adding.why, adding.replaces)
        return [self.say(add)]

    def accepted(self, accept: LaneAccept) -> list[Effect]:
        """Start a lane that the other side takes up."""
        adding, lane = self.state.adding, self.lanes.get(accept.number)
        if adding is None or lane is None or adding.number != accept.number or lane.started:
            return []
        seeds = adding.seed.reveal() + accept.seed
        self._start(lane, accept.offer, seeds, initiator=False)
        return [do.Secure(accept.number, accept.offer.sender_key)]

    # What they want

    def offered(self, add: LaneAdd) -> list[Effect]:
        """Take up a lane that the other side offers, or refuse it."""
        theirs = add.number >= FIRST_ADDED and add.number % 2 == (1 if self.is_alice else 0)
        if not theirs or add.number in self.lanes or add.number in self.state.joining:
            raise RemoteProtocolError("a lane is offered under a number that is not free")
        found: list[Effect] = []
        if add.replaces is not None:
            ours = self.state.adding
            if ours is not None and ours.replaces == add.replaces:
                # Both want the same: Alice's offer counts.
                if self.is_alice:
                    return [self.say(LaneRemove(add.number))]
                self.state.adding = None
                found += self._withdraw(ours)
            elif add.replaces not in self.lanes:
                return [self.say(LaneRemove(add.number))]
        elif len(self.lanes) >= MAX_LANES:
            return [self.say(LaneRemove(add.number))]
        if len(self.lanes) + len(self.state.joining) >= MAX_NUMBERS:
            return [*found, self.say(LaneRemove(add.number))]
        self.state.joining[add.number] = add
        found.append(do.Join(add.number))
        if add.why in {"drops", "away"} and add.replaces is not None:
            found.append(do.Blamed(self.lanes[add.replaces].state, add.why))
        return found

    def join(self, fresh: LaneState) -> list[Effect]:
        """Start a lane that was offered, for which we have a queue now."""
        add = self.state.joining.pop(fresh.number, None)
        if add is None:
            return [do.Remove(fresh)]
        lane = Lane(fresh)
        seed = self.clock.random(SEED)
        accept = LaneAccept(fresh.number, lane.offer(), seed)
        try:
            self._start(lane, add.offer, add.seed + seed, initiator=True)
        except RemoteProtocolError:
            return [do.Remove(fresh), self.say(LaneRemove(fresh.number))]
        self.lanes[fresh.number] = lane
        stored = self.say(accept)
        # What came by the lane before this would come to somebody who cannot open it yet.
        lane.state.hold = stored.written.seq
        return [do.Secure(fresh.number, add.offer.sender_key), stored]

    def covered(self, seq: int) -> list[Effect]:
        """Try the lanes of which the other side knows now."""
        found: list[Effect] = []
        for number, lane in self.lanes.items():
            if 0 < lane.state.hold <= seq:
                lane.state.hold = 0
                found.append(self.by_lane(LaneTest(number, heard=lane.state.opened), number))
        return found

    # What comes by the lanes

    def opened(self, lane: Lane) -> list[Effect]:
        """Note that something has come by a lane; answer the first thing that does."""
        lane.failures = 0
        first, lane.state.opened = not lane.state.opened, True
        number, is_usable = lane.state.number, lane.can_send and lane.state.number in self.lanes
        if not first or number < FIRST_ADDED or not is_usable:
            return []
        return [self.by_lane(LaneTest(number, heard=True), number)]

    def tested(self, lane: Lane, test: LaneTest) -> list[Effect]:
        """Note that the other side has tried a lane; then the lane before it can go."""
        if test.number != lane.state.number:
            raise RemoteProtocolError("a lane is tried by another lane")
        lane.state.heard = lane.state.heard or test.heard
        adding = self.state.adding
        if not test.heard or adding is None or adding.number != test.number:
            return []
        self.state.adding, self.state.failures = None, 0
        return [] if adding.replaces is None else self.leave(adding.replaces)

    def leave(self, number: int) -> list[Effect]:
        """Send nothing more by a lane, and ask the other side for the same."""
        lane = self.lanes.get(number)
        if lane is None or lane.state.leaving:
            return []
        lane.state.leaving = True
        return [self.say(LaneRemove(number))]

    def removed(self, number: int) -> list[Effect]:
        """Give up a lane by which the other side sends nothing more."""
        if self.state.joining.pop(number, None) is not None:
            return []
        lane, adding = self.lanes.get(number), self.state.adding
        others = [each for each in self.lanes.values() if each.can_send and each is not lane]
        if lane is not None and lane.started and not others:
            raise RemoteProtocolError("the last lane of a connection is not removed")
        if adding is not None and adding.number == number:
            self._pause()
        if lane is None:
            return []
        found: list[Effect] = [] if lane.state.leaving else [self.say(LaneRemove(number))]
        del self.lanes[number]
        return [*found, do.Remove(lane.state)]

    # Inside

    def _active(self) -> list[Lane]:
        return [lane for lane in self.lanes.values() if lane.can_send]

    def _start(self, lane: Lane, peer: Offer, seeds: bytes, *, initiator: bool) -> None:
        secrets = self._secrets(lane, peer, seeds)
        ratchet = lane.prepare(secrets, peer, initiator=initiator, clock=self.clock)
        lane.start(ratchet, peer)
        lane.state.since = self.clock.now()
        lane.state.ratchet_key = None

    def _secrets(self, lane: Lane, peer: Offer, seeds: bytes) -> LaneSecrets:
        shared = lane.key.exchange(peer.ratchet_key)
        return added_lane_secrets(shared, seeds, self.cid, lane.state.number)

    def _give_up(self, now: float) -> list[Effect]:
        """End an addition that takes too long: a relay of it may be gone or lie."""
        adding = self.state.adding
        assert adding is not None
        self._pause(now)
        return self._withdraw(adding)

    def _withdraw(self, adding: Adding) -> list[Effect]:
        lane = self.lanes.pop(adding.number, None)
        return [] if lane is None else [self.say(LaneRemove(adding.number)), do.Remove(lane.state)]

    def _pause(self, now: float | None = None) -> None:
        """Want nothing for a while, longer each time."""
        self.state.adding = None
        self.state.failures += 1
        pause = self.schedule.give_up * 2.0 ** min(self.state.failures - 1, 20)
        moment = self.clock.now() if now is None else now
        self.state.not_before = moment + min(pause, LONGEST_PAUSE)
