"""A line between tests and a server that they play."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

from tests.relay.support import eventually

from graphchat_relay import asgi
from graphchat_relay.asgi import AsgiLine
from graphchat_relay.line import Line, Waiting


class Server:
    """Takes events, when it is open."""

    def __init__(self) -> None:
        self.coming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sent: list[MutableMapping[str, Any]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.broken = False

    async def send(self, event: MutableMapping[str, Any]) -> None:
        await self.open.wait()
        if self.broken:
            raise ConnectionResetError
        self.sent.append(event)

    def say(self, **event: Any) -> None:
        self.coming.put_nowait({"type": "websocket.receive", **event})

    def leave(self) -> None:
        self.coming.put_nowait({"type": "websocket.disconnect", "code": 1006})


class Ear:
    """Hears what comes; waits before it hears more, if it is told to."""

    def __init__(self) -> None:
        self.heard: list[str | bytes] = []
        self.calls: list[str] = []
        self.waiting: asyncio.Event | None = None
        self.seconds = 60.0
        self.held = 0

    def take(self, frame: str | bytes) -> Waiting | None:
        self.heard.append(frame)
        return None if self.waiting is None else self._wait(self.waiting)

    async def _wait(self, event: asyncio.Event) -> None:
        await event.wait()

    @property
    def patience(self) -> float:
        return self.seconds

    def stalled(self) -> None:
        self.calls.append("stalled")

    def hold(self, count: int) -> None:
        self.held += count

    def resume(self) -> None:
        self.calls.append("resume")

    def lost(self) -> None:
        self.calls.append("lost")


def writable(line: Line) -> bool:
    return line.writable


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_messages_come_one_after_the_other() -> None:
    server, ear = Server(), Ear()
    line = AsgiLine(server.coming.get, server.send)
    serving = asyncio.create_task(line.serve(ear))
    server.say(text="a", bytes=None)
    await settle()
    ear.waiting = asyncio.Event()
    server.say(bytes=b"b")
    server.say(bytes=b"c", text=None)
    await settle()
    assert ear.heard == ["a", b"b"]
    ear.waiting.set()
    server.leave()
    await serving
    assert ear.heard == ["a", b"b", b"c"]
    assert ear.calls == ["lost"]


async def test_one_frame_is_under_way() -> None:
    server, ear = Server(), Ear()
    line = AsgiLine(server.coming.get, server.send)
    serving = asyncio.create_task(line.serve(ear))
    await settle()
    server.open.clear()
    line.write("text")
    await settle()
    assert not writable(line)
    server.open.set()
    await settle()
    assert writable(line)
    line.write(b"bytes")
    await settle()
    assert [event.get("text", event.get("bytes")) for event in server.sent] == ["text", b"bytes"]
    assert ear.calls == ["resume", "resume"]
    server.open.clear()
    line.write("never sent")
    server.leave()
    await serving
    assert len(server.sent) == 2


async def test_a_connection_that_broke_is_told() -> None:
    server, ear = Server(), Ear()
    line = AsgiLine(server.coming.get, server.send)
    serving = asyncio.create_task(line.serve(ear))
    await settle()
    server.broken = True
    line.write("text")
    await settle()
    assert ear.calls == ["lost"]
    assert not line.broken, "another server does not say"
    server.leave()
    await serving


async def test_a_client_is_asked_to_go_but_not_for_long(monkeypatch: Any) -> None:
    monkeypatch.setattr(asgi, "FAREWELL", 0.01)
    server = Server()
    line = AsgiLine(server.coming.get, server.send)
    await line.close(1012)
    assert server.sent == [{"type": "websocket.close", "code": 1012}]
    server.open.clear()
    await line.close(1012)
    line.abort()
    assert len(server.sent) == 1


async def test_who_was_asked_to_go_is_heard_no_more_and_not_waited_for(monkeypatch: Any) -> None:
    monkeypatch.setattr(asgi, "FAREWELL", 0.05)
    server, ear = Server(), Ear()
    line = AsgiLine(server.coming.get, server.send)
    serving = asyncio.create_task(line.serve(ear))
    server.say(text="a")
    await settle()
    await line.close(1008)
    for _ in range(3):
        server.say(text="b")
    await asyncio.wait_for(serving, 5)
    assert ear.heard[:1] == ["a"]
    assert len(ear.heard) <= 2
    assert ear.calls == ["lost"]


async def test_one_who_takes_nothing_is_given_up() -> None:
    server, ear = Server(), Ear()
    ear.seconds = 0.01
    line = AsgiLine(server.coming.get, server.send)
    serving = asyncio.create_task(line.serve(ear))
    await asyncio.sleep(0)
    server.open.clear()
    line.write("to nobody")
    await eventually(lambda: "stalled" in ear.calls)
    assert "lost" in ear.calls
    server.leave()
    await serving
