"""One side of a simulated connection: a machine, its store, and a driver that may crash."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, assert_never, final

from msgspec.structs import replace as replace_fields

from graphchat.content import Text, encode
from graphchat.content.lanes import Offer
from graphchat.core import effects as do, record
from graphchat.core.connection import Connection
from graphchat.core.effects import Effect
from graphchat.core.frame import Kind
from graphchat.core.handshake import Phase
from graphchat.core.lane import LaneState
from graphchat.core.outbox import Written
from graphchat.crypto.keys import SigningKey
from graphchat.errors import RemoteProtocolError
from graphchat.ids import MessageId
from graphchat.testing.clock import FakeClock
from graphchat.testing.disk import Disk, Work
from graphchat.testing.queues import Answer, Network, Queue, new_lane

# Sealed envelopes without OK by one lane (docs/protocol.md, section 15).
WINDOW: Final = 16

Event = Callable[[Connection], list[Effect]]


class CrashError(Exception):
    """The simulated process ended here."""


@final
@dataclass(slots=True)
class Side:
    """Every public method is one step of a driver, and survives a crash in it."""

    connection: Connection
    network: Network
    clock: FakeClock
    disk: Disk = field(default_factory=Disk)
    crash_in: int | None = None
    """Crash at that boundary from now, counted from 0: before a commit, or after any effect."""
    crashes: int = 0
    refused: list[RemoteProtocolError] = field(default_factory=list[RemoteProtocolError])
    accepts: bool = True
    """Alice: accept whoever asks first, at once."""
    fresh: tuple[LaneState, ...] = ()
    """Queues for the acceptance of a request at an address."""

    def __post_init__(self) -> None:
        self.disk = self.disk.after(self.connection, [])

    @property
    def queues(self) -> dict[int, Queue]:
        """Our own queues, by lane."""
        lanes = self.connection.lanes.items()
        return {number: self.network.queues[lane.state.sender_id] for number, lane in lanes}

    @property
    def texts(self) -> list[str]:
        """The texts that came, in order."""
        messages = [received.message for received in self.disk.received]
        return [message.text for message in messages if isinstance(message, Text)]

    @property
    def phase(self) -> Phase:
        return self.connection.phase

    # The steps

    def ask(self, code_lanes: list[Offer]) -> None:
        """Bob: write the confirmations, and put them into the queues of the code."""
        self._step(lambda: self._commit(lambda machine: machine.ask(code_lanes)))

    def accept(self) -> None:
        """Alice: accept who asked."""
        self._step(lambda: self._commit(lambda machine: machine.accept(self.fresh)))

    def say(self, text: str) -> None:
        """Write a text into our stream."""
        self.write(Kind.CONTENT, encode(Text(text)))

    def write(self, kind: Kind, payload: bytes) -> None:
        """Write any frame into our stream."""
        message_id = MessageId(self.clock.random(16))
        self._step(lambda: self._commit(lambda machine: [machine.say(kind, message_id, payload)]))

    def do(self, event: Event) -> None:
        """Have the machine do something, and store what it wants."""
        self._step(lambda: self._commit(event))

    def receive(self, lane: int, index: int = 0) -> None:
        """Take an envelope from a queue of ours, and delete it there; note if it is refused."""
        queue = self.queues[lane]
        envelope = queue.envelopes[index]

        def step() -> None:
            self.take(lane, envelope)
            self._boundary()
            if envelope in queue.envelopes:
                queue.envelopes.remove(envelope)

        self._step(step)

    def take(self, lane: int, envelope: bytes) -> None:
        """Take an envelope wherever it comes from. A refused one must change nothing."""
        before = self.visible()
        try:
            self._commit(lambda machine: machine.receive(lane, envelope))
        except RemoteProtocolError as error:
            self.refused.append(error)
            assert self.visible() == before, "a refused envelope changed the machine"

    def tick(self) -> None:
        """Do what is due."""
        self._step(lambda: self._commit(lambda machine: list(machine.tick(self._available()))))

    def work(self) -> bool:
        """Try once what the handshake wants of relays; tell whether something was done."""
        before = len(self.disk.work)
        self._step(self._work)
        return len(self.disk.work) != before

    def send(self, lane: int) -> bool:
        """Seal for one lane what it has room for, and send it; tell whether something went."""
        before = self.disk, len(self.disk.waiting)
        self._step(lambda: self._send(lane))
        return self.disk is not before[0] or len(self.disk.waiting) != before[1]

    def step(self) -> bool:
        """Do all that can be done now, without time passing; tell whether it was anything."""
        busy = self.work()
        # Lanes may be given up on the way.
        for lane in list(self.connection.lanes):
            while lane in self.connection.lanes and self.queues[lane].envelopes:
                self.receive(lane)
                busy = True
        for lane in list(self.connection.lanes):
            busy = self.send(lane) or busy
        return busy

    def reload(self) -> None:
        """Crash and restart: go on with what is stored, and with nothing else."""
        self.connection = self.disk.load(self.clock)
        self.crash_in = None
        self.crashes += 1

    def visible(self) -> tuple[object, ...]:
        """Return all that an event changes, for comparison; ratchets are left out."""
        machine = self.connection
        lanes = [
            record.dump(replace_fields(lane.state, ratchet=b"")) for lane in machine.lanes.values()
        ]
        timers = machine.gaps.due.copy(), machine.receipts.waiting, machine.receipts.due
        return record.dump(machine.state), lanes, timers, set(machine.inbox.held)

    # Inside of a step

    def _step(self, step: Callable[[], None]) -> None:
        try:
            step()
        except CrashError:
            self.reload()

    def _boundary(self) -> None:
        if self.crash_in == 0:
            raise CrashError
        if self.crash_in is not None:
            self.crash_in -= 1

    def _commit(self, event: Event) -> None:
        effects = event(self.connection)
        asked = do.Moved(Phase.REQUESTED) in effects
        if asked and self.accepts:
            # Whoever shows a one-time code wants to be connected with the one who scans it.
            effects += self.connection.accept(self.fresh)
        after = self.disk.after(self.connection, effects)
        self._boundary()
        self.disk = after
        self._boundary()

    def _work(self) -> None:
        for item in list(self.disk.work):
            if self._perform(item):
                self._boundary()
                self.disk.work.remove(item)

    def _perform(self, item: Work) -> bool:
        match item:
            case do.Put(offer=offer, envelope=envelope):
                answer = self.network.put(offer.sender_id, envelope, None)
                # A queue that refuses is secured: the other side has opened another copy.
                return answer is not Answer.DOWN
            case do.Secure(lane=number, sender_key=key):
                if (queue := self.queues.get(number)) is None:
                    return True
                if queue.down:
                    return False
                queue.sender = key
            case do.Remove(lane=lane):
                self.network.remove(lane.sender_id)
            case do.Widen(number=number):
                fresh = new_lane(number, self.network, self.clock)
                self._commit(lambda machine: machine.offer_lane(fresh))
            case do.Join(number=number):
                fresh = new_lane(number, self.network, self.clock)
                self._commit(lambda machine: machine.join_lane(fresh))
            case _:
                assert_never(item)
        return True

    def _send(self, lane: int) -> None:
        machine = self.connection.lanes[lane]
        if not machine.can_send or machine.state.peer is None:
            return
        for seq in self._wanted(lane):
            written = self.disk.frames[seq]
            self._commit(sealing(lane, written))
            self.disk.again = [item for item in self.disk.again if item != (lane, seq)]
        key = SigningKey(machine.state.sender_key).public
        for sealed in [sealed for sealed in self.disk.waiting if sealed.lane == lane]:
            answer = self.network.put(machine.state.peer.sender_id, sealed.envelope, key)
            self._boundary()
            if answer is not Answer.OK:
                return
            self.disk.waiting.remove(sealed)
            machine.taken(sealed.seq)

    def _room(self, lane: int) -> int:
        return WINDOW - sum(sealed.lane == lane for sealed in self.disk.waiting)

    def _wanted(self, lane: int) -> list[int]:
        again = [seq for number, seq in self.disk.again if number == lane]
        sealed = self.connection.lanes[lane].state.sealed
        new = [seq for seq in self.disk.frames if seq > sealed and seq not in again]
        wanted = [seq for seq in again if seq in self.disk.frames] + sorted(new)
        return wanted[: max(0, self._room(lane))]

    def _available(self) -> list[int]:
        lanes = self.connection.lanes.items()
        return [number for number, lane in lanes if lane.can_send and self._room(number) > 0]


def sealing(lane: int, written: Written) -> Event:
    """Return the event of sealing a frame for a lane."""
    return lambda machine: [machine.seal(lane, written.seq, written.data, written.signature)]
