import asyncio
from collections.abc import MutableMapping
from typing import Any

from graphchat.wire.frames import decode_server
from graphchat.wire.limits import BATCH, FRAME, M
from graphchat.wire.rest import Message
from graphchat.wire.socket import Push, Ready, ServerObject
from graphchat_relay.outbox import HIGH, Outbox


class Wire:
    """Takes frames, when it is open."""

    def __init__(self) -> None:
        self.frames: list[str | bytes] = []
        self.open = asyncio.Event()
        self.open.set()
        self.broken = False

    async def send(self, event: MutableMapping[str, Any]) -> None:
        await self.open.wait()
        if self.broken:
            raise ConnectionResetError
        frame = event.get("bytes")
        self.frames.append(event["text"] if frame is None else frame)

    def objects(self) -> list[list[ServerObject]]:
        return [decode_server(frame) for frame in self.frames]


def push(number: int, size: int = M) -> Push:
    return Push("uri", Message(str(number), 0, size, bytes(size)))


def box(wire: Wire, room: list[int] | None = None) -> Outbox:
    return Outbox(wire.send, lambda: (room if room is not None else []).append(1))


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
            outbox.put(push(number))
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
    wire.open.clear()
    count = 0
    while not outbox.full:
        outbox.put(push(count))
        count += 1
    assert count <= HIGH // M + 1
    waiting = asyncio.create_task(outbox.drained(lambda: False))
    await settle()
    assert not waiting.done()
    wire.open.set()
    await asyncio.wait_for(waiting, 1)
    assert room == [1]


async def test_a_broken_connection_keeps_nobody_waiting() -> None:
    wire = Wire()
    outbox = box(wire)
    wire.open.clear()
    while not outbox.full:
        outbox.put(push(1))
    waiting = asyncio.create_task(outbox.drained(lambda: True))
    await asyncio.wait_for(waiting, 3)
    assert outbox.closed
    outbox.put(Ready("late"))
    await outbox.close()
    assert wire.frames == []


async def test_an_error_of_the_connection_ends_it_quietly() -> None:
    wire = Wire()
    wire.broken = True
    outbox = box(wire)
    outbox.put(Ready("x"))
    await settle()
    assert outbox.closed
