import asyncio
import struct
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from tests.relay.support import Clients, clients

from graphchat.testing import relay
from graphchat.wire.limits import FRAME
from graphchat_relay import underneath
from graphchat_relay.underneath import abort, bound_messages, refuse_compression, transport_of

TEXT: Final = 1
BINARY: Final = 2
TOO_LONG: Final = struct.pack(">H", 1009)


async def plain(event: MutableMapping[str, Any]) -> None:
    """Send nothing."""


async def test_another_server_is_left_alone() -> None:
    refuse_compression(plain)
    bound_messages(plain, 1)
    abort(plain)
    assert transport_of(plain) is None


async def test_hypercorn_has_a_transport_that_can_be_broken() -> None:
    async with relay("memory:") as served, clients(served.uri) as peers:
        talk = await peers.socket()
        await served.kill()
        frame = await talk.socket.receive()
        assert talk.socket.closed, frame
        await served.start()
        assert (await peers.socket()).session is not None


@asynccontextmanager
async def upgraded(
    peers: Clients,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a socket that writes what it is told, right or wrong."""
    host, port = peers.address.base.split("/")[2].split(":")
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(
        b"GET /q HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    try:
        yield reader, writer
    finally:
        writer.close()


def frame(opcode: int, length: int, *, last: bool = True) -> bytes:
    """Return the start of a frame with a mask of zeros."""
    first = opcode | (last << 7)
    short = length < 126
    head = (
        struct.pack(">BB", first, 0x80 | length)
        if short
        else struct.pack(">BBQ", first, 0xFF, length)
    )
    return head + bytes(4)


async def until(reader: asyncio.StreamReader, text: bytes) -> None:
    """Read until this was heard."""
    async with asyncio.timeout(5):
        await reader.readuntil(text)


async def all_of(reader: asyncio.StreamReader) -> bytes:
    found = b""
    async with asyncio.timeout(5):
        try:
            while part := await reader.read(65536):
                found += part
        except ConnectionError:
            pass
    return found


@pytest.mark.parametrize(
    ("opcode", "text"), [(BINARY, b"z" * 4), (TEXT, b"zzzz"), (TEXT, "\U0001f600".encode())]
)
async def test_a_message_that_is_too_long_ends_its_connection(opcode: int, text: bytes) -> None:
    async with (
        relay("memory:") as served,
        clients(served.uri) as peers,
        upgraded(peers) as (reader, writer),
    ):
        writer.write(frame(opcode, 2**40) + text * (FRAME // len(text) + 1))
        reading = asyncio.create_task(all_of(reader))
        async with asyncio.timeout(5):
            try:
                while True:
                    writer.write(bytes(100_000))
                    await writer.drain()
                    await asyncio.sleep(0.01)
            except ConnectionError:
                pass
        assert TOO_LONG in await reading


async def test_a_message_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(underneath, "UNFINISHED", 0.2)
    async with relay("memory:") as served, clients(served.uri) as peers:
        async with upgraded(peers) as (reader, writer):
            writer.write(frame(TEXT, 10) + b"abc")
            await all_of(reader)
        async with upgraded(peers) as (reader, writer):
            writer.write(frame(TEXT, 3, last=False) + b"[{}" + frame(0, 1) + b"]")
            await asyncio.sleep(0.5)
            writer.write(frame(9, 0))  # a ping
            await until(reader, b"\x8a\x00")


async def test_a_message_in_parts_arrives_as_one(peers: Clients) -> None:
    async with upgraded(peers) as (reader, writer):
        name = "\u00e4\U0001f600"
        data = f'{{"type":"unsubscribe","id":"{name}","recipientUri":"x"}}'.encode()
        for number in range(len(data)):
            more = number + 1 < len(data)
            opcode = 0 if number else TEXT
            writer.write(frame(opcode, 1, last=not more) + data[number : number + 1])
        await until(reader, name.encode())
