"""A line over real transports: alone between two sockets, and as a relay uses it."""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from tests.relay.raw import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    TEXT,
    all_of,
    frame,
    said,
    until,
    upgraded,
)
from tests.relay.support import clients, envelope, eventually
from tests.relay.test_asgi import Ear, settle, writable

from graphchat.testing import relay
from graphchat.wire.socket import Push, Send
from graphchat_relay import direct
from graphchat_relay.direct import LITTLE, DirectLine


@dataclass(slots=True)
class Ends:
    """A line that is served, and the other end of it."""

    line: DirectLine
    ear: Ear
    serving: asyncio.Task[None]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    ended: list[bool]


@asynccontextmanager
async def ends() -> AsyncIterator[Ends]:
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=theirs)
    _, server = await asyncio.open_connection(sock=ours)
    transport, ended, ear = server.transport, list[bool](), Ear()
    assert isinstance(transport, asyncio.Transport)
    line = DirectLine(
        transport, transport.get_protocol(), memoryview(bytearray(50)), lambda: ended.append(True)
    )
    transport.set_protocol(line)
    serving = asyncio.create_task(line.serve(ear))
    try:
        yield Ends(line, ear, serving, reader, writer, ended)
    finally:
        writer.close()
        serving.cancel()
        await asyncio.wait([serving])
        server.close()
        # The protocol before this one learns of the end, or this would wait for ever.
        await server.wait_closed()


async def heard(ear: Ear, *frames: str | bytes) -> None:
    await eventually(lambda: len(ear.heard) >= len(frames))
    assert ear.heard == list(frames)


async def test_messages_and_pings_come_and_go() -> None:
    async with ends() as found:
        found.writer.write(
            frame(TEXT, b"in ", last=False)
            + frame(PING, b"still there?")
            + frame(CONTINUATION, b"parts")
            + frame(BINARY, b"\0")
        )
        await heard(found.ear, "in parts", b"\0")
        await until(found.reader, b"\x8a\x0cstill there?")
        found.line.write("text")
        found.line.write(b"bytes")
        assert await found.reader.readexactly(13) == b"\x81\x04text\x82\x05bytes"


async def test_what_came_before_is_done_though_the_peer_has_gone() -> None:
    async with ends() as found:
        found.ear.waiting = asyncio.Event()
        found.writer.write(frame(BINARY, b"1") + frame(BINARY, b"2") + frame(BINARY, b"3"))
        await heard(found.ear, b"1")
        found.line.feed(frame(BINARY, b"4"))
        found.writer.transport.abort()
        await settle()
        found.ear.waiting.set()
        await asyncio.wait_for(found.serving, 5)
        assert found.ear.heard == [b"1", b"2", b"3", b"4"]
        assert found.ear.calls[-1] == "lost"
        assert found.ended == [True]


async def test_a_farewell_is_answered() -> None:
    async with ends() as found:
        found.writer.write(frame(BINARY, b"1") + frame(CLOSE, b"\x03\xe8bye") + frame(BINARY))
        assert await all_of(found.reader) == b"\x88\x05\x03\xe8bye"
        await asyncio.wait_for(found.serving, 5)
        assert found.ear.heard == [b"1"]


async def test_one_who_is_asked_to_go_has_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "FAREWELL", 0.05)
    async with ends() as found:
        await found.line.close(1012)
        assert await found.reader.readexactly(4) == said(1012)
        found.writer.write(frame(BINARY, b"too late"))
        assert await all_of(found.reader) == b""
        await asyncio.wait_for(found.serving, 5)
        assert found.ear.heard == []


async def test_one_who_answers_goes_at_once() -> None:
    async with ends() as found:
        await found.line.close(1012)
        await found.line.close(1012)  # said once
        found.writer.write(frame(CLOSE, b"\x03\xf4"))
        assert await all_of(found.reader) == said(1012)
        await asyncio.wait_for(found.serving, 5)


async def test_one_who_reads_nothing_is_written_little() -> None:
    async with ends() as found:
        there = found.writer.transport
        assert isinstance(there, asyncio.Transport)
        there.pause_reading()
        while writable(found.line):
            found.line.write(bytes(100_000))
        # Of pings that cannot be answered, the last is remembered.
        found.writer.write(b"".join(frame(PING, b"%d" % number) for number in range(1000)))
        found.writer.write(frame(BINARY, b"and this"))
        await heard(found.ear, b"and this")
        assert found.ear.calls == []
        there.resume_reading()
        got = bytearray()
        while not got.endswith(b"\x8a\x03999"):
            got += await found.reader.read(65_536)
        assert got.count(b"\x8a") == 1
        assert writable(found.line)
        assert found.ear.calls == ["resume"]


async def test_an_error_of_who_hears_is_raised_where_it_is_served() -> None:
    async with ends() as found:
        found.ear.heard = None  # type: ignore[assignment] # that it fails
        found.writer.write(frame(BINARY, b"1"))
        await asyncio.wait([found.serving], timeout=5)
        assert isinstance(found.serving.exception(), AttributeError)


async def test_an_end_by_force_leaves_nothing_behind() -> None:
    async with ends() as found:
        found.ear.waiting = asyncio.Event()
        found.writer.write(frame(BINARY, b"1") + frame(BINARY, b"2"))
        await heard(found.ear, b"1")
        found.line.abort()
        assert found.line.broken
        found.ear.waiting.set()
        await asyncio.wait_for(found.serving, 5)
        assert found.ear.heard == [b"1"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"\x81\x00", 1002),
        (frame(3), 1002),
        (b"\xc2\x80" + bytes(4), 1002),
        (frame(CLOSE, b"\x03\xed"), 1002),
        (frame(CONTINUATION), 1002),
        (frame(PING, last=False), 1002),
        (frame(TEXT, b"\xff"), 1007),
    ],
)
async def test_who_breaks_the_rules_is_told_and_left(text: bytes, code: int) -> None:
    async with (
        relay("memory:") as served,
        clients(served.uri) as peers,
        upgraded(peers) as (reader, writer),
    ):
        await until(reader, b"}")  # the session
        writer.write(text + b"\xff" * 100)
        assert await reader.readexactly(4) == said(code)


async def test_a_relay_serves_it_over_tls() -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with relay("memory:", tls_self_signed=True) as served:
        connector = aiohttp.TCPConnector(ssl=context)
        async with clients(served.uri, connector) as peers:
            queue = await peers.rest.queue("alice", "bob")
            alice, bob = await peers.socket(), await peers.socket()
            await alice.say(alice.subscribe("alice", queue.recipient_uri))
            await bob.say(bob.attach("bob", queue.sender_uri))
            await alice.hear()
            await bob.hear()
            many = [Send(str(n), queue.sender_uri, envelope(str(n))) for n in range(100)]
            await bob.say(*many)
            for number in range(32):
                found = await alice.hear()
                assert isinstance(found, Push)
                assert found.message.msg == envelope(str(number))
            leaving = asyncio.create_task(_closed(bob.socket))
            await served.stop()
            assert await leaving == 1012
            await served.start()


async def _closed(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    while not socket.closed:
        await socket.receive()
    return socket.close_code


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_nothing_is_left_of_those_who_came(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with relay("memory:") as served:
        before = {task.get_name() for task in asyncio.all_tasks()}
        files = open_files()
        async with clients(served.uri) as peers:
            for number in range(30):
                async with upgraded(peers) as (reader, writer):
                    await until(reader, b"}")
                    match number % 5:
                        case 0:
                            writer.write(frame(CLOSE, b"\x03\xe8"))
                            await all_of(reader)
                        case 1:
                            writer.write(frame(3))
                        case 2:
                            writer.write(frame(BINARY, bytes(1000))[:-1])
                        case 3:
                            writer.transport.abort()
                        case _:
                            pass
        await eventually(lambda: {task.get_name() for task in asyncio.all_tasks()} <= before)
        assert open_files() <= files
    assert caplog.records == []


async def test_who_takes_less_than_a_little_is_as_good_as_gone() -> None:
    async with ends() as found:
        there = found.writer.transport
        assert isinstance(there, asyncio.Transport)
        there.pause_reading()
        await settle()
        while writable(found.line):
            found.line.write(bytes(100_000))
        left = found.line._transport.get_write_buffer_size()
        found.line._look(left + LITTLE)
        assert found.ear.calls == []
        found.line._look(left + LITTLE - 1)
        assert found.ear.calls == ["stalled"]


async def test_who_takes_nothing_for_long_is_told_of_and_nobody_else() -> None:
    async with ends() as found, ends() as other:
        found.ear.seconds = 0.01
        other.ear.seconds = 0.01
        there = found.writer.transport
        assert isinstance(there, asyncio.Transport)
        there.pause_reading()
        other.line.write(bytes(100_000))
        while writable(found.line):
            found.line.write(bytes(100_000))
        await eventually(lambda: found.ear.calls == ["stalled"])
        assert "stalled" not in other.ear.calls


async def test_what_is_held_of_a_message_is_told() -> None:
    async with ends() as found:
        whole = frame(BINARY, bytes(100_000))
        found.writer.write(whole[:-1])
        await eventually(lambda: found.ear.held == len(whole) - 1)
        assert found.line.held == found.ear.held
        found.writer.write(whole[-1:] + frame(BINARY, b"12345", last=False))
        await eventually(lambda: found.ear.held == 5)
        found.writer.transport.abort()
        await eventually(lambda: found.ear.held == 0)
