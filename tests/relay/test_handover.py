import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from tests.relay.raw import BINARY, CLOSE, HELLO, frame, until
from tests.relay.support import clients, eventually
from tests.relay.test_underneath import plain

from graphchat.testing import relay
from graphchat.wire.socket import Subscribed
from graphchat_relay import handover
from graphchat_relay.direct import DirectLine
from graphchat_relay.handover import Echo, take_over, works


async def test_another_server_keeps_what_it_has() -> None:
    assert take_over(plain, memoryview(bytearray(1))) is None


async def test_this_hypercorn_lets_go() -> None:
    assert await works()
    assert len(asyncio.all_tasks()) == 1


async def test_with_another_hypercorn_everything_goes_the_plain_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(handover, "H11WSConnection", int)
    assert not await works()
    async with relay("memory:") as served, clients(served.uri) as peers:
        talk = await peers.socket()
        await talk.say(talk.subscribe("alice", peers.address.base + "/" + "A" * 24))
        assert isinstance(await talk.hear(), Subscribed)


async def test_a_hypercorn_that_does_not_answer_is_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(handover, "PATIENCE", 0.05)
    monkeypatch.setattr(handover, "SAID", b"")
    assert not await works()
    monkeypatch.setattr(handover, "HELLO", b"")
    assert not await works()


Meddle = Callable[[TCPServer], None]


@asynccontextmanager
async def hypercorn(meddle: Meddle, lines: list[DirectLine | None]) -> AsyncIterator[int]:
    """Serve an echo; do something to the connection before it is taken."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        meddle(send.__self__.send.__self__.send.__self__)
        line = take_over(send, memoryview(bytearray(100)))
        lines.append(line)
        await send({"type": "websocket.accept"})
        if line is not None:
            await line.serve(Echo(line))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        config, loop = Config(), asyncio.get_running_loop()
        wrapped = ASGIWrapper(app)
        await TCPServer(wrapped, loop, config, WorkerContext(None), {}, reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_what_the_server_has_read_is_not_lost() -> None:
    def read_already(server: TCPServer) -> None:
        server.reader.feed_data(frame(BINARY, b"early"))

    async with hypercorn(read_already, []) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HELLO)
        await until(reader, b"\r\n\r\n")
        assert await reader.readexactly(7) == b"\x82\x05early"
        writer.write(frame(BINARY, b"late") + frame(CLOSE))
        assert await reader.read() == b"\x82\x04late\x88\x00"
        writer.close()


@pytest.mark.parametrize(
    "meddle",
    [
        lambda server: server.reader.feed_eof(),
        lambda server: server.writer.transport.get_protocol().pause_writing(),
        lambda server: server.writer.close(),
        lambda server: setattr(server, "reader", None),
    ],
    ids=["ended", "full", "closing", "unknown"],
)
async def test_a_connection_in_a_state_of_its_own_is_left_alone(meddle: Meddle) -> None:
    lines: list[DirectLine | None] = []
    async with hypercorn(meddle, lines) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HELLO)
        await eventually(lambda: bool(lines))
        assert lines == [None]
        writer.transport.abort()
        await asyncio.sleep(0.05)
        assert reader is not None
