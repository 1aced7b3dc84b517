"""What one side of a simulated connection has stored: all that is left after a crash."""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field, fields
from typing import Self, final

from graphchat.clock import Clock
from graphchat.content import ReceiptBody
from graphchat.core import effects as do, frame as frames, record
from graphchat.core.connection import Connection, ConnectionState
from graphchat.core.effects import Danger, Effect, Received
from graphchat.core.inbox import Signed
from graphchat.core.lane import Lane, LaneState
from graphchat.core.outbox import Written

Work = do.Put | do.Secure | do.Remove | do.Widen | do.Join


@final
@dataclass(slots=True)
class Disk:
    """One committed state. `after` makes the next one; a crash goes back to the last."""

    machine: bytes = b""
    lanes: list[bytes] = field(default_factory=list[bytes])
    frames: dict[int, Written] = field(default_factory=dict[int, Written])
    """Ours that no receipt covers."""
    held: dict[tuple[bytes, int], tuple[bytes, bytes]] = field(
        default_factory=dict[tuple[bytes, int], tuple[bytes, bytes]]
    )
    """Theirs that wait for others: encoded frame and signature."""
    waiting: list[do.Sealed] = field(default_factory=list[do.Sealed])
    """Sealed envelopes without OK."""
    again: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """Lane and number of frames that the other side asked for again."""
    work: list[Work] = field(default_factory=list[Work])
    said: list[Written] = field(default_factory=list[Written])
    """Everything that this side ever wrote."""
    received: list[Received] = field(default_factory=list[Received])
    alarms: list[Danger] = field(default_factory=list[Danger])
    rekeyed: list[bool] = field(default_factory=list[bool])
    """For each code that gave new keys: whether both sides have scanned one now."""
    blamed: list[tuple[type[Effect], int]] = field(default_factory=list[tuple[type[Effect], int]])
    """Lanes whose relay has failed, and whether we or they say so."""

    def copy(self) -> Self:
        """Return a state that can be changed without this one."""
        return type(self)(*(copy(getattr(self, each.name)) for each in fields(self)))

    def after(self, connection: Connection, effects: Iterable[Effect]) -> Self:
        """Return what is stored once ``effects`` of ``connection`` were applied."""
        disk = self.copy()
        for effect in effects:
            disk.apply(connection, effect)
        disk.lanes = [record.dump(lane.snapshot()) for lane in connection.lanes.values()]
        disk.machine = record.dump(connection.state)
        return disk

    def load(self, clock: Clock) -> Connection:
        """Make the machine from its bytes, as after a restart."""
        states = [record.load(lane, LaneState) for lane in self.lanes]
        lanes = {state.number: Lane(state) for state in states}
        connection = Connection(record.load(self.machine, ConnectionState), lanes, clock)
        connection.resume(
            Signed(frames.decode(data), data, signature) for data, signature in self.held.values()
        )
        return connection

    def apply(self, connection: Connection, effect: Effect) -> None:  # noqa: C901, PLR0912 - a table
        """Store what one effect asks to store."""
        match effect:
            case do.Remove(lane=lane):
                self.work.append(effect)
                self.waiting = [each for each in self.waiting if each.lane != lane.number]
                self.again = [item for item in self.again if item[0] != lane.number]
            case do.Put() | do.Secure() | do.Widen() | do.Join():
                self.work.append(effect)
            case do.Blame(lane=lane) | do.Blamed(lane=lane):
                self.blamed.append((type(effect), lane.number))
            case do.Moved():
                pass
            case do.Rekeyed(both_ways=both_ways):
                self.rekeyed.append(both_ways)
            case do.Store(written=written):
                self.frames[written.seq] = written
                self.said.append(written)
            case do.Sealed():
                self.waiting.append(effect)
            case do.Keep(signed=signed):
                self.held[signed.frame.stream, signed.frame.seq] = signed.data, signed.signature
            case do.Release(stream=stream, seq=seq):
                self.held.pop((stream, seq), None)
            case do.Chained() | do.Aside():
                pass
            case do.Received():
                self.received.append(effect)
            case do.Acknowledged(body=body):
                self._cover(connection, body)
            case do.Covered(last=covered):
                self.frames = {seq: frame for seq, frame in self.frames.items() if seq > covered}
            case do.Repeat(first=first, last=last):
                seqs = range(first, last + 1)
                wanted = [(lane, seq) for lane in connection.lanes for seq in seqs]
                self.again += [item for item in wanted if item not in self.again]
            case do.Alarm(danger=danger):
                self.alarms.append(danger)

    def _cover(self, connection: Connection, body: ReceiptBody) -> None:
        # The hash of a frame that was covered before is not stored any more.
        if (frame := self.frames.get(body.seq)) is not None:
            for effect in connection.cover(body, frame.head):
                self.apply(connection, effect)
