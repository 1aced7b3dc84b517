import asyncio

from graphchat.wire.frames import decode_server
from graphchat.wire.limits import BATCH, FRAME, M
from graphchat.wire.rest import Message
from graphchat.wire.socket import Push, Ready, ServerObject
from graphchat_relay.ledger import Ledger
from graphchat_relay.line import Receiver
from graphchat_relay.outbox import HIGH, Outbox


class Wire:
    """A line that takes frames, when it is open."""

    def __init__(self) -> None:
        self.frames: list[str | bytes] = []
        self.writable = True
        self.broken = False
        self.held = 0

    def write(self, frame: str | bytes) -> None:
        self.frames.append(frame)

    async def serve(self, receiver: Receiver) -> None:
        """Bring nothing."""

    async def close(self, code: int) -> None:
        self.broken = True

    def abort(self) -> None:
        self.broken = True

    def objects(self) -> list[list[ServerObject]]:
        return [decode_server(frame) for frame in self.frames]


def push(number: int, size: int = M) -> Push:
    return Push("uri", Message(str(number), 0, size, bytes(size)))


def box(wire: Wire, room: list[int] | None = None, ledger: Ledger | None = None) -> Outbox:
    return Outbox(wire, lambda: (room if room is not None else []).append(1), ledger or Ledger())


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def test_what_falls_in_one_turn_is_one_frame() -> None:
    wire = Wire()
    outbox = box(wire)
    for number in range(10):
        outbox.put(Ready(str(number)))
    await settle()
    outbox.put(Ready("later"))
    await settle()
    assert [len(frame) for frame in wire.objects()] == [10, 1]
    assert outbox.size == 0


async def test_frames_keep_their_limits_and_the_order() -> None:
    for binary in (False, True):
        wire = Wire()
        outbox = box(wire)
        outbox.binary = binary
        for number in range(3 * BATCH):
            outbox.push(push(number))
        await settle()
        assert all(len(frame) <= FRAME for frame in wire.frames)
        assert all(len(frame) <= BATCH for frame in wire.objects())
        ids = [
            one.message.id for frame in wire.objects() for one in frame if isinstance(one, Push)
        ]
        assert ids == [str(number) for number in range(3 * BATCH)]
        assert all(isinstance(frame, bytes) is binary for frame in wire.frames)


async def test_one_who_takes_nothing_fills_it_and_empties_it_when_he_does() -> None:
    wire, room = Wire(), list[int]()
    outbox = box(wire, room)
    wire.writable = False
    count = 0
    while not outbox.full:
        outbox.push(push(count))
        count += 1
    assert count <= HIGH // M + 1
    waiting = asyncio.create_task(outbox.drained())
    await settle()
    assert not waiting.done()
    wire.writable = True
    outbox.flush()
    await asyncio.wait_for(waiting, 1)
    assert room == [1]
    assert outbox.size == 0


async def test_what_a_line_has_taken_counts_until_it_takes_more() -> None:
    wire, room = Wire(), list[int]()
    outbox = box(wire, room)
    while not outbox.full:
        outbox.push(push(1))
    write = wire.write

    def once(frame: str | bytes) -> None:
        write(frame)
        wire.writable = False

    wire.write = once  # type: ignore[method-assign] # as a transport that is full
    await settle()
    assert len(wire.frames) == 1
    assert outbox.size >= HIGH
    wire.writable = True
    outbox.flush()
    assert outbox.size == 0
    assert room == [1]


async def test_a_broken_connection_keeps_nobody_waiting() -> None:
    wire = Wire()
    outbox = box(wire)
    wire.writable, wire.broken = False, True
    while not outbox.full:
        outbox.push(push(1))
    waiting = asyncio.create_task(outbox.drained())
    await asyncio.wait_for(waiting, 3)
    assert outbox.closed
    outbox.put(Ready("late"))
    await settle()
    wire.writable = True
    outbox.flush()
    assert wire.frames == []


async def test_what_waits_is_counted_until_it_is_taken_or_given_up() -> None:
    wire, ledger = Wire(), Ledger()
    outbox = box(wire, ledger=ledger)
    for number in range(10):
        outbox.push(push(number))
    assert ledger.used == outbox.size > 10 * M
    await settle()
    assert ledger.used == 0
    wire.writable = False
    other = box(wire, ledger=ledger)
    other.push(push(1))
    other.put(Ready("small"))
    await settle()
    assert ledger.used == other.size > M
    other.shut()
    other.shut()
    assert ledger.used == 0
