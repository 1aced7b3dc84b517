"""A WebSocket that writes what it is told, right or wrong."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from tests.relay.support import Clients

CONTINUATION: Final = 0
TEXT: Final = 1
BINARY: Final = 2
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10
MASK: Final = b"\x0f\xf0\x55\xaa"
HELLO: Final = (
    b"GET /q HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@asynccontextmanager
async def upgraded(
    peers: Clients,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a socket."""
    host, port = peers.address.base.split("/")[2].split(":")
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(HELLO)
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    try:
        yield reader, writer
    finally:
        writer.close()


def head(first: int, length: int) -> bytes:
    """Return the start of a frame that will have a mask."""
    if length < 126:
        return struct.pack(">BB", first, 0x80 | length)
    if length < 2**16:
        return struct.pack(">BBH", first, 0xFE, length)
    return struct.pack(">BBQ", first, 0xFF, length)


def frame(opcode: int, payload: bytes = b"", *, last: bool = True) -> bytes:
    """Return a whole frame."""
    masked = bytes(byte ^ MASK[place % 4] for place, byte in enumerate(payload))
    return head(opcode | (last << 7), len(payload)) + MASK + masked


def said(code: int) -> bytes:
    """Return how a relay says that it closes."""
    return struct.pack(">BBH", 0x80 | CLOSE, 2, code)


async def until(reader: asyncio.StreamReader, text: bytes) -> bytes:
    """Read until this was heard."""
    async with asyncio.timeout(5):
        return await reader.readuntil(text)


async def all_of(reader: asyncio.StreamReader) -> bytes:
    """Read to the end."""
    found = b""
    async with asyncio.timeout(5):
        try:
            while part := await reader.read(65536):
                found += part
        except ConnectionError:
            pass
    return found
